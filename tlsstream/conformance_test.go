package tlsstream_test

import (
	"context"
	"crypto/tls"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/abc/abctest"
	"github.com/tributary-go/tributary/bridge"
	"github.com/tributary-go/tributary/internal/selfsigned"
	"github.com/tributary-go/tributary/memstream"
	"github.com/tributary-go/tributary/socketstream"
	"github.com/tributary-go/tributary/tlsstream"
)

// The strictest Caps, but for what TLS 1.2 has no way to say.
func TestConformance(t *testing.T) {
	forEachVersion(t, func(t *testing.T, version uint16) {
		for _, transport := range []struct {
			name string
			mk   maker
			opts *tlsstream.Options
			caps abctest.Caps
		}{
			{name: "memory", mk: memory(0)},
			{name: "1 byte of memory", mk: memory(1)},
			{name: "lockstep", mk: memory(memstream.Lockstep), caps: abctest.Caps{MakeClogged: makeClogged(version)}},
			{name: "unbounded memory", mk: memory(memstream.Unbounded), caps: abctest.Caps{NoBackPressure: true}},
			{name: "tcp", mk: sockets("tcp")},
			{name: "unix", mk: sockets("unix")},
			{name: "tls", mk: overTLS(memory(0), version, nil)},
			{name: "stapled pipes", mk: stapledPipes},
			{name: "https compatible", mk: memory(0), opts: &tlsstream.Options{HTTPSCompatible: true}},
		} {
			t.Run(transport.name, func(t *testing.T) {
				t.Parallel()
				transport.caps.NoSendEOF = version < tls.VersionTLS13
				abctest.TestStream(t, overTLS(transport.mk, version, transport.opts), transport.caps)
			})
		}
		t.Run("listener", func(t *testing.T) {
			t.Parallel()
			abctest.TestListener(t, func(t testing.TB) (abc.Listener, func(context.Context) (abc.Stream, error)) {
				l, err := socketstream.Listen(bg, "tcp", "127.0.0.1:0", nil)
				require.NoError(t, err)
				return tlsstream.NewListener(l, selfsigned.Server(version), nil), func(ctx context.Context) (abc.Stream, error) {
					return tlsstream.Dial(ctx, "tcp", l.Addr().String(), selfsigned.Client(version), nil)
				}
			})
		})
	})
}

type maker = func(t testing.TB) (a, b abc.Stream)

func overTLS(below maker, version uint16, opts *tlsstream.Options) maker {
	return func(t testing.TB) (a, b abc.Stream) {
		a, b = below(t)
		return tlsstream.Client(a, selfsigned.Client(version), opts), tlsstream.Server(b, selfsigned.Server(version), opts)
	}
}

func memory(capacity int) maker {
	return func(testing.TB) (a, b abc.Stream) {
		return memstream.Pair(&memstream.Options{Capacity: capacity})
	}
}

// Buffers of a given size, because those that the system sizes may grow while a
// case relies on their being full.
func sockets(network string) maker {
	return func(t testing.TB) (a, b abc.Stream) {
		x, y := socketPair(t, network)
		for _, c := range []net.Conn{x, y} {
			c := c.(interface {
				SetReadBuffer(bytes int) error
				SetWriteBuffer(bytes int) error
			})
			require.NoError(t, c.SetReadBuffer(64<<10))
			require.NoError(t, c.SetWriteBuffer(64<<10))
		}
		return socketstream.New(x), socketstream.New(y)
	}
}

// The pipes of the system, as those to the stdin and the stdout of a process.
func stapledPipes(t testing.TB) (a, b abc.Stream) {
	ar, bw, err := os.Pipe()
	require.NoError(t, err)
	br, aw, err := os.Pipe()
	require.NoError(t, err)
	return abc.Staple(bridge.FromWriter(aw), bridge.FromReader(ar)), abc.Staple(bridge.FromWriter(bw), bridge.FromReader(br))
}

// makeClogged performs the handshake; without a buffer nothing goes out from
// then on unless it is received.
func makeClogged(version uint16) func() (abc.SendStream, abc.ReceiveStream, error) {
	return func() (abc.SendStream, abc.ReceiveStream, error) {
		a, b := memstream.Pair(&memstream.Options{Capacity: memstream.Lockstep})
		client, server := tlsstream.Client(a, selfsigned.Client(version), nil), tlsstream.Server(b, selfsigned.Server(version), nil)
		shaken := make(chan error, 1)
		go func() { shaken <- server.Handshake(bg) }()
		if err := client.Handshake(bg); err != nil {
			return nil, nil, err
		}
		return client, server, <-shaken
	}
}

func socketPair(t testing.TB, network string) (a, b net.Conn) {
	address := "127.0.0.1:0"
	if network == "unix" {
		dir, err := os.MkdirTemp("", "tls") // t.TempDir may be too long a path
		require.NoError(t, err)
		defer os.RemoveAll(dir)
		address = filepath.Join(dir, "s")
	}
	l, err := net.Listen(network, address)
	require.NoError(t, err)
	defer l.Close()
	a, err = net.Dial(network, l.Addr().String())
	require.NoError(t, err)
	b, err = l.Accept()
	require.NoError(t, err)
	t.Cleanup(func() { a.Close(); b.Close() })
	return a, b
}
