package bridge_test

import (
	"io"
	"net"
	"testing"

	"github.com/tributary-go/tributary/bridge"
	"github.com/tributary-go/tributary/memstream"
)

func BenchmarkPingPong(b *testing.B) {
	for _, bench := range []struct {
		name string
		mk   func() (net.Conn, net.Conn)
	}{
		{"Conn", func() (net.Conn, net.Conn) { return memory(0) }},
		{"ConnLockstep", func() (net.Conn, net.Conn) { return memory(memstream.Lockstep) }},
		{"ConnTCP", func() (net.Conn, net.Conn) { return tcp(b) }},
		{"net.Pipe", net.Pipe},
		{"net.TCPConn", func() (net.Conn, net.Conn) { return plainTCP(b) }},
	} {
		b.Run(bench.name, func(b *testing.B) {
			x, y := bench.mk()
			defer x.Close()
			defer y.Close()
			go func() {
				p := make([]byte, 64)
				for {
					if _, err := io.ReadFull(y, p); err != nil {
						return
					}
					if _, err := y.Write(p); err != nil {
						return
					}
				}
			}()
			p := make([]byte, 64)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := x.Write(p); err != nil {
					b.Fatal(err)
				}
				if _, err := io.ReadFull(x, p); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// What the deadlines and the queueing cost on top of the stream itself.
func BenchmarkUncontended(b *testing.B) {
	p := make([]byte, 64)
	b.Run("Stream", func(b *testing.B) {
		x, y := memstream.Pair(nil)
		defer x.Close(bg)
		defer y.Close(bg)
		b.ReportAllocs()
		for b.Loop() {
			_ = x.SendAll(bg, p)
			_, _ = y.ReceiveSome(bg, p)
		}
	})
	b.Run("Conn", func(b *testing.B) {
		x, y := memory(0)
		defer x.Close()
		defer y.Close()
		b.ReportAllocs()
		for b.Loop() {
			_, _ = x.Write(p)
			_, _ = y.Read(p)
		}
	})
}

// io.Copy from one connection to another, as a proxy does it, beside that of the
// system's own sockets.
func BenchmarkCopy(b *testing.B) {
	for _, bench := range []struct {
		name string
		mk   func() (net.Conn, net.Conn)
	}{
		{"peer=Conn", func() (net.Conn, net.Conn) { return memory(0) }},
		{"peer=ConnTCP", func() (net.Conn, net.Conn) { return tcp(b) }},
		{"peer=net.TCPConn", func() (net.Conn, net.Conn) { return plainTCP(b) }},
		{"peer=net.Pipe", net.Pipe},
	} {
		b.Run(bench.name, func(b *testing.B) {
			from, in := bench.mk()
			out, to := bench.mk()
			copied := make(chan error, 1)
			go func() {
				_, err := io.Copy(out, in)
				copied <- err
			}()
			go func() {
				p := make([]byte, 64<<10)
				for {
					if _, err := from.Write(p); err != nil {
						return
					}
				}
			}()
			p := make([]byte, 64<<10)
			b.SetBytes(int64(len(p)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := io.ReadFull(to, p); err != nil {
					b.Fatal(err)
				}
			}
			for _, c := range []net.Conn{from, in, out, to} {
				_ = c.Close()
			}
			<-copied
		})
	}
}

func BenchmarkFromReaderFromWriter(b *testing.B) {
	r, w := io.Pipe()
	send, receive := bridge.FromWriter(w), bridge.FromReader(r)
	defer receive.Close(bg)
	go func() {
		p := make([]byte, 32<<10)
		for send.SendAll(bg, p) == nil {
		}
	}()
	p := make([]byte, 32<<10)
	b.SetBytes(int64(len(p)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := receive.ReceiveSome(bg, p); err != nil {
			b.Fatal(err)
		}
	}
}

func plainTCP(b testing.TB) (net.Conn, net.Conn) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	x, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	y, err := l.Accept()
	if err != nil {
		b.Fatal(err)
	}
	return x, y
}
