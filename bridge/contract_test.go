package bridge_test

import (
	"io"
	"net"
	"os"
	"testing"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/abc/abctest"
	"github.com/tributary-go/tributary/bridge"
	"github.com/tributary-go/tributary/memstream"
	"github.com/tributary-go/tributary/socketstream"
)

func TestContractOfFromWriterFromReader(t *testing.T) {
	t.Run("io.Pipe", func(t *testing.T) {
		abctest.TestOneWay(t, func(testing.TB) (abc.SendStream, abc.ReceiveStream) {
			r, w := io.Pipe()
			return bridge.FromWriter(w), bridge.FromReader(r)
		}, abctest.Caps{})
	})
	t.Run("os.Pipe", func(t *testing.T) {
		abctest.TestOneWay(t, func(t testing.TB) (abc.SendStream, abc.ReceiveStream) {
			r, w, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			return bridge.FromWriter(w), bridge.FromReader(r)
		}, abctest.Caps{})
	})
}

// Stream to net.Conn to stream: the contract survives.
func TestContractOfTheRoundTrip(t *testing.T) {
	for name, capacity := range map[string]int{"Lockstep": memstream.Lockstep, "Capacity1": 1, "Default": 0} {
		t.Run(name, func(t *testing.T) {
			abctest.TestStream(t, func(testing.TB) (a, b abc.Stream) {
				x, y := memory(capacity)
				return socketstream.New(x), socketstream.New(y)
			}, abctest.Caps{})
		})
	}
	t.Run("TCP", func(t *testing.T) {
		abctest.TestStream(t, func(t testing.TB) (a, b abc.Stream) {
			x, y := tcp(t)
			return socketstream.New(x), socketstream.New(y)
		}, abctest.Caps{})
	})
}

// tcp returns the two ends of a TCP connection, as Conns of streams.
func tcp(t testing.TB) (a, b net.Conn) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	x, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	y, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	return bridge.Conn(socketstream.New(x)), bridge.Conn(socketstream.New(y))
}
