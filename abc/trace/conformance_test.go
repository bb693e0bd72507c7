package trace_test

import (
	"bytes"
	"context"
	"net"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/abc/abctest"
	"github.com/tributary-go/tributary/abc/trace"
	"github.com/tributary-go/tributary/internal/selfsigned"
	"github.com/tributary-go/tributary/memstream"
	"github.com/tributary-go/tributary/socketstream"
	"github.com/tributary-go/tributary/tlsstream"
)

// recorder returns a recorder for one test, whose files are read when it ends.
func recorder(t testing.TB) *trace.Recorder {
	var pcapng, timeline beginning
	rec := trace.New(&trace.Options{Pcapng: &pcapng, Timeline: &timeline})
	t.Cleanup(func() {
		require.NoError(t, rec.Close(context.Background()))
		_, err := readCapture(pcapng.Bytes())
		require.NoError(t, err)
		_, err = readTimeline(timeline.Bytes())
		require.NoError(t, err)
	})
	return rec
}

// A beginning keeps what is written first, about 1 MiB: the suite sends a lot.
type beginning struct{ bytes.Buffer }

func (b *beginning) Write(p []byte) (int, error) {
	if b.Len() < 1<<20 {
		b.Buffer.Write(p)
	}
	return len(p), nil
}

// Through the recorder a stream passes as it does without, with no allowance.
func TestConformance(t *testing.T) {
	for name, capacity := range map[string]int{"Buffered": 0, "Lockstep": memstream.Lockstep} {
		t.Run(name, func(t *testing.T) {
			abctest.TestStream(t, func(t testing.TB) (a, b abc.Stream) {
				rec := recorder(t)
				a, b = memstream.Pair(&memstream.Options{Capacity: capacity})
				return rec.Stream("a", a), rec.Stream("b", b)
			}, abctest.Caps{MakeClogged: func() (abc.SendStream, abc.ReceiveStream, error) {
				a, b := memstream.Pair(&memstream.Options{Capacity: memstream.Lockstep})
				return recorder(t).Stream("a", a), b, nil
			}})
		})
	}
	t.Run("TCP", func(t *testing.T) {
		abctest.TestStream(t, func(t testing.TB) (a, b abc.Stream) {
			rec := recorder(t)
			a, b = tcpPair(t)
			return rec.Stream("a", a), rec.Stream("b", b)
		}, abctest.Caps{})
	})
	t.Run("TLS", func(t *testing.T) {
		server, client := selfsigned.Server(0), selfsigned.Client(0)
		abctest.TestStream(t, func(t testing.TB) (a, b abc.Stream) {
			rec := recorder(t)
			a, b = memstream.Pair(nil)
			a, b = rec.Stream("encrypted", a), rec.Stream("encrypted", b)
			return rec.Stream("plain", tlsstream.Client(a, client, nil)), rec.Stream("plain", tlsstream.Server(b, server, nil))
		}, abctest.Caps{})
	})
}

func TestOneWayConformance(t *testing.T) {
	abctest.TestOneWay(t, func(t testing.TB) (abc.SendStream, abc.ReceiveStream) {
		rec := recorder(t)
		s, r := memstream.OneWay(nil)
		return rec.SendStream("s", s), rec.ReceiveStream("r", r)
	}, abctest.Caps{})
}

func TestListenerConformance(t *testing.T) {
	abctest.TestListener(t, func(t testing.TB) (abc.Listener, func(context.Context) (abc.Stream, error)) {
		l := memstream.NewListener(nil)
		return recorder(t).Listener("l", l), func(ctx context.Context) (abc.Stream, error) { return l.Dial(ctx) }
	})
}

// tcpPair returns both ends of a connection on the loopback.
func tcpPair(t testing.TB) (a, b *socketstream.Stream) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	x, err := net.Dial("tcp", l.Addr().String())
	require.NoError(t, err)
	y, err := l.Accept()
	require.NoError(t, err)
	return socketstream.New(x), socketstream.New(y)
}
