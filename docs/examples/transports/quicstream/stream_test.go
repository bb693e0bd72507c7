package quicstream_test

import (
	"context"
	"crypto/tls"
	"net"
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
	from, to := transport(t), transport(t)
	ln, err := to.Listen(serverTLS, config)
	require.NoError(t, err)
	client, err = from.Dial(t.Context(), ln.Addr(), clientTLS, config)
	require.NoError(t, err)
	server, err = ln.Accept(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, client.CloseWithError(0, ""))
		<-server.Context().Done()
	})
	return client, server
}

// transport is a socket whose goroutines end with the test. Those of
// quic.ListenAddr go on for as long as a packet may be late.
func transport(t testing.TB) *quic.Transport {
	socket, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	tr := &quic.Transport{Conn: socket}
	t.Cleanup(func() {
		require.NoError(t, tr.Close())
		require.NoError(t, socket.Close())
	})
	return tr
}
