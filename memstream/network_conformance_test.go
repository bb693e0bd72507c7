package memstream_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/abc/abctest"
	"github.com/tributary-go/tributary/memstream"
)

// The links that the suites are run on, all with the strictest Caps.
var conformanceLinks = map[string]memstream.Link{
	"ideal":        {},
	"latency":      {Latency: time.Millisecond},
	"jitter":       {Latency: 100 * time.Microsecond, Jitter: time.Millisecond},
	"bandwidth":    {Bandwidth: 64 << 20},
	"small window": {Window: 97}, // smaller would take the time of a hang, under the race detector
}

func TestNetworkConformance(t *testing.T) {
	for name, link := range conformanceLinks {
		t.Run("stream/"+name, func(t *testing.T) {
			// A connection with nothing in flight on which not a byte can be sent.
			clogged := func() (abc.SendStream, abc.ReceiveStream, error) {
				a, b := connectedPair(t, link)
				window := link.Window
				if window == 0 {
					window = 64 << 10
				}
				return a, b, a.SendAll(t.Context(), make([]byte, window))
			}
			abctest.TestStream(t, func(t testing.TB) (a, b abc.Stream) { return connectedPair(t, link) },
				abctest.Caps{MakeClogged: clogged})
		})
		t.Run("listener/"+name, func(t *testing.T) {
			abctest.TestListener(t, func(t testing.TB) (abc.Listener, func(context.Context) (abc.Stream, error)) {
				n := memstream.NewNetwork(&memstream.NetworkOptions{Link: link})
				client := n.Host("client")
				l, err := n.Host("server").Listen(bg, ":80", nil)
				require.NoError(t, err)
				return l, func(ctx context.Context) (abc.Stream, error) { return client.Dial(ctx, "server:80") }
			})
		})
	}
}

// connectedPair returns both ends of a connection in a network of its own.
func connectedPair(t testing.TB, link memstream.Link) (client, server *memstream.Conn) {
	n := memstream.NewNetwork(&memstream.NetworkOptions{Link: link})
	return connect(t, n.Host("client"), n.Host("server"))
}

// connect dials from one host to another and returns both ends of the connection.
func connect(t testing.TB, from, to *memstream.Host) (client, server *memstream.Conn) {
	t.Helper()
	l, err := to.Listen(bg, ":0", nil)
	require.NoError(t, err)
	client, err = from.Dial(bg, l.Addr().String())
	require.NoError(t, err)
	server, err = l.Accept(bg)
	require.NoError(t, err)
	require.NoError(t, l.Close(bg))
	return client, server
}
