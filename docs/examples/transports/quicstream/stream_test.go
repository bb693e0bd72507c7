package quicstream_test

import (
	"context"
	"crypto/tls"
	"testing"

	"github.com/quic-go/quic-go"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/abc/abctest"
	"github.com/tributary-go/tributary/docs/examples/transports/quicstream"
	"github.com/tributary-go/tributary/internal/selfsigned"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestStream(t *testing.T) {
	client, server := connect(t)
	abctest.TestStream(t, func(t testing.TB) (a, b abc.Stream) {
		return open(t, client, server)
	}, abctest.Caps{})
}

// open returns both ends of a stream. Calls must not overlap.
func open(t testing.TB, client, server *quic.Conn) (a, b *quicstream.Stream) {
	a, err := quicstream.Open(t.Context(), client)
	require.NoError(t, err)
	require.NoError(t, a.SendAll(t.Context(), []byte{1}), "so that the server learns of it")
	accepted, err := server.AcceptStream(t.Context())
	require.NoError(t, err)
	b = quicstream.New(server, accepted)
	_, err = b.ReceiveSome(t.Context(), make([]byte, 1))
	require.NoError(t, err)
	return a, b
}

func TestListener(t *testing.T) {
	abctest.TestListener(t, func(t testing.TB) (abc.Listener, func(context.Context) (abc.Stream, error)) {
		client, server := connect(t)
		return quicstream.NewListener(server, nil), func(ctx context.Context) (abc.Stream, error) {
			return quicstream.Open(ctx, client)
		}
	})
}

// connect makes a QUIC connection.
func connect(t testing.TB) (client, server *quic.Conn) {
	config := &quic.Config{MaxIncomingStreams: 1000}
	serverTLS, clientTLS := selfsigned.Server(tls.VersionTLS13), selfsigned.Client(tls.VersionTLS13)
	serverTLS.NextProtos, clientTLS.NextProtos = []string{"bytes"}, []string{"bytes"}
	ln, err := quic.ListenAddr("127.0.0.1:0", serverTLS, config)
	require.NoError(t, err)
	client, err = quic.DialAddr(t.Context(), ln.Addr().String(), clientTLS, config)
	require.NoError(t, err)
	server, err = ln.Accept(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, client.CloseWithError(0, ""))
		<-server.Context().Done()
		require.NoError(t, ln.Close())
	})
	return client, server
}
