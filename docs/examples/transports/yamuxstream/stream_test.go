package yamuxstream_test

import (
	"context"
	"io"
	"testing"

	"github.com/libp2p/go-yamux/v5"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/abc/abctest"
	"github.com/tributary-go/tributary/bridge"
	"github.com/tributary-go/tributary/docs/examples/transports/yamuxstream"
	"github.com/tributary-go/tributary/memstream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestStream(t *testing.T) {
	client, server := sessions(t)
	abctest.TestStream(t, func(t testing.TB) (a, b abc.Stream) {
		a, err := yamuxstream.Open(t.Context(), client)
		require.NoError(t, err)
		accepted, err := server.AcceptStream()
		require.NoError(t, err)
		return a, yamuxstream.New(accepted)
	}, abctest.Caps{})
}

func TestListener(t *testing.T) {
	abctest.TestListener(t, func(t testing.TB) (abc.Listener, func(context.Context) (abc.Stream, error)) {
		client, server := sessions(t)
		return yamuxstream.NewListener(server, nil), func(ctx context.Context) (abc.Stream, error) {
			return yamuxstream.Open(ctx, client)
		}
	})
}

// sessions makes the two ends of a session, over a connection in memory.
func sessions(t testing.TB) (client, server *yamux.Session) {
	config := yamux.DefaultConfig()
	config.LogOutput = io.Discard
	a, b := memstream.Pair(nil)
	client, err := yamux.Client(bridge.Conn(a), config, nil)
	require.NoError(t, err)
	server, err = yamux.Server(bridge.Conn(b), config, nil)
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, client.Close())
		<-server.CloseChan()
	})
	return client, server
}

// What was sent before a graceful Close outlives it, and what comes after a
// forceful one is told from an end.
func TestTheTwoCloses(t *testing.T) {
	client, server := sessions(t)
	for _, graceful := range []bool{true, false} {
		a, err := yamuxstream.Open(t.Context(), client)
		require.NoError(t, err)
		accepted, err := server.AcceptStream()
		require.NoError(t, err)
		b := yamuxstream.New(accepted)
		require.NoError(t, a.SendAll(t.Context(), make([]byte, 100_000)))
		ctx, cancel := context.WithCancel(t.Context())
		if !graceful {
			cancel()
		}
		_ = a.Close(ctx)
		got, err := io.ReadAll(bridge.Reader(t.Context(), b))
		if graceful {
			require.NoError(t, err)
			require.Len(t, got, 100_000)
		} else {
			require.ErrorIs(t, err, abc.ErrBroken)
			var reset *yamux.StreamError
			require.ErrorAs(t, err, &reset)
			require.EqualValues(t, 1, reset.ErrorCode)
		}
		cancel()
		_ = b.Close(t.Context())
	}
}
