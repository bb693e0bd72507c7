package socketstream_test

import (
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/socketstream"
)

func init() { children["relay"] = relayChild }

// relayWays are how a relay carries bytes one way.
var relayWays = map[string]func(dst, src *socketstream.Stream) error{
	"abc.Copy": func(dst, src *socketstream.Stream) error {
		_, err := abc.Copy(bg, dst, src)
		return err
	},
	"abc.Copy by a buffer": func(dst, src *socketstream.Stream) error {
		_, err := abc.Copy(bg, dst, struct{ abc.ReceiveStream }{src})
		return err
	},
	"peer=io.Copy": func(dst, src *socketstream.Stream) error {
		_, err := io.Copy(dst.Conn(), src.Conn())
		return err
	},
}

// relayChild relays one connection to an address, and prints the CPU time that
// it has used, in nanoseconds.
func relayChild() {
	l := must(net.Listen("tcp", "127.0.0.1:0"))
	fmt.Println(l.Addr())
	src := socketstream.New(must(l.Accept()))
	dst := must(socketstream.Dial(bg, "tcp", os.Getenv("TO"), nil))
	check(relayWays[os.Getenv("WAY")](dst, src))
	check(dst.Close(bg))
	check(src.Close(bg))
	var u syscall.Rusage
	check(syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	fmt.Println(u.Utime.Nano() + u.Stime.Nano())
}

// TCP through a relay in a process of its own, in writes of 64 KiB.
func BenchmarkRelay(b *testing.B) {
	for way := range relayWays {
		b.Run(way, func(b *testing.B) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			require.NoError(b, err)
			defer l.Close()
			c := startChild(b, "relay", nil, "WAY="+way, "TO="+l.Addr().String())
			from, err := net.Dial("tcp", c.line())
			require.NoError(b, err)
			to, err := l.Accept()
			require.NoError(b, err)
			received := make(chan int64)
			go func() {
				n, _ := io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{to}, make([]byte, 256<<10))
				received <- n
			}()
			p := make([]byte, 64<<10)
			b.SetBytes(int64(len(p)))
			for b.Loop() {
				_, err := from.Write(p)
				require.NoError(b, err)
			}
			require.NoError(b, from.Close())
			n := <-received
			cpu, err := strconv.ParseInt(c.line(), 10, 64)
			require.NoError(b, err)
			b.ReportMetric(float64(cpu)/1e6/(float64(n)/(1<<30)), "relay-cpu-ms/GiB")
			c.stop()
		})
	}
}
