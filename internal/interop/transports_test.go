package interop

import (
	"context"
	"crypto/tls"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/bridge"
	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/internal/selfsigned"
	"github.com/tributary-go/tributary/listener"
	"github.com/tributary-go/tributary/memstream"
	"github.com/tributary-go/tributary/socketstream"
	"github.com/tributary-go/tributary/tlsstream"
)

var bg = context.Background()

// A transport is one way to carry streams.
type transport struct {
	name string
	open func(t testing.TB) (abc.Listener, dialStream)
}

type dialStream func(context.Context) (abc.Stream, error)

// transports is what everything runs over.
var transports = []transport{
	{"memory", memory},
	{"TCP", tcp},
	{"Unix", unix},
	{"TLS over memory", overTLS(memory)},
	{"TLS over TCP", overTLS(tcp)},
	{"round trip over memory", roundTrip(memory)},
	{"round trip over TCP", roundTrip(tcp)},
	{"round trip over TLS", roundTrip(overTLS(memory))},
}

func memory(testing.TB) (abc.Listener, dialStream) {
	l := memstream.NewListener(nil)
	return l, func(ctx context.Context) (abc.Stream, error) { return orNil(l.Dial(ctx)) }
}

func tcp(t testing.TB) (abc.Listener, dialStream) { return sockets(t, "tcp", "127.0.0.1:0") }

func unix(t testing.TB) (abc.Listener, dialStream) {
	dir, err := os.MkdirTemp("", "") // short: a path of a socket has about 100 bytes
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return sockets(t, "unix", filepath.Join(dir, "s"))
}

func sockets(t testing.TB, family, address string) (abc.Listener, dialStream) {
	l, err := socketstream.Listen(bg, family, address, nil)
	require.NoError(t, err)
	return l, func(ctx context.Context) (abc.Stream, error) {
		return orNil(socketstream.Dial(ctx, family, l.Addr().String(), nil))
	}
}

// overTLS is TLS over another transport.
func overTLS(below func(testing.TB) (abc.Listener, dialStream)) func(testing.TB) (abc.Listener, dialStream) {
	return func(t testing.TB) (abc.Listener, dialStream) {
		l, dial := below(t)
		return tlsstream.NewListener(l, selfsigned.Server(tls.VersionTLS13), nil), func(ctx context.Context) (abc.Stream, error) {
			s, err := dial(ctx)
			if err != nil {
				return nil, err
			}
			secure := tlsstream.Client(s, selfsigned.Client(tls.VersionTLS13), nil)
			if err := secure.Handshake(ctx); err != nil {
				_ = closeutil.CloseForcefully(secure)
				return nil, err
			}
			return secure, nil
		}
	}
}

// roundTrip makes conns of the streams of another transport, and streams of
// these. (A protocol gets conns, which are the third layer then.)
func roundTrip(below func(testing.TB) (abc.Listener, dialStream)) func(testing.TB) (abc.Listener, dialStream) {
	return func(t testing.TB) (abc.Listener, dialStream) {
		l, dial := below(t)
		return listener.FromNet(bridge.Listener(l), nil), func(ctx context.Context) (abc.Stream, error) {
			s, err := dial(ctx)
			if err != nil {
				return nil, err
			}
			return socketstream.New(bridge.Conn(s)), nil
		}
	}
}

// orNil keeps a nil pointer from becoming a stream.
func orNil[S abc.Stream](s S, err error) (abc.Stream, error) {
	if err != nil {
		return nil, err
	}
	return s, nil
}

// A network is what a protocol sees of a transport: a place to listen at, and
// the way there.
type network struct {
	net.Listener
	dial func(context.Context) (net.Conn, error)
}

func (tr transport) network(t testing.TB) network {
	l, dial := tr.open(t)
	n := newNetwork(l, dial)
	t.Cleanup(func() { _ = n.Close() })
	return n
}

func newNetwork(l abc.Listener, dial dialStream) network {
	return network{bridge.Listener(l), func(ctx context.Context) (net.Conn, error) { return dialConn(ctx, dial) }}
}

func dialConn(ctx context.Context, dial dialStream) (net.Conn, error) {
	s, err := dial(ctx)
	if err != nil {
		return nil, err
	}
	return bridge.Conn(s), nil
}
