package natsstream_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/quic-go/quic-go"
	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/docs/examples/transports/natsstream"
	"github.com/tributary-go/tributary/docs/examples/transports/quicstream"
	"github.com/tributary-go/tributary/internal/selfsigned"
	"github.com/tributary-go/tributary/listener"
)

// start starts a NATS server on a free port.
func start(opts *server.Options) (*server.Server, error) {
	opts.Host, opts.NoSigs, opts.NoLog = "127.0.0.1", true, true
	if opts.Port == 0 {
		opts.Port = server.RANDOM_PORT
	}
	s, err := server.NewServer(opts)
	if err != nil {
		return nil, err
	}
	s.Start()
	if !s.ReadyForConnections(time.Minute) {
		s.Shutdown()
		return nil, errors.New("the NATS server does not start")
	}
	return s, nil
}

// client connects to a server, until the test is over.
func client(t testing.TB, url string, options ...nats.Option) *nats.Conn {
	t.Helper()
	nc, err := nats.Connect(url, options...)
	require.NoError(t, err)
	t.Cleanup(nc.Close)
	return nc
}

// patient gives nobody up, whatever else the machine does.
var patient = &quic.Config{MaxIdleTimeout: 5 * time.Minute, HandshakeIdleTimeout: 5 * time.Minute, MaxIncomingStreams: 1000}

func serverTLS() *tls.Config { return withProtocol(selfsigned.Server(tls.VersionTLS13)) }
func clientTLS() *tls.Config { return withProtocol(selfsigned.Client(tls.VersionTLS13)) }

func withProtocol(c *tls.Config) *tls.Config {
	c.NextProtos = []string{"bytes"}
	return c
}

// newNode makes a node that is closed with the test.
func newNode(t testing.TB, nc *nats.Conn, config *quic.Config) *natsstream.Node {
	t.Helper()
	n, err := natsstream.New(nc, config)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, n.Close()) })
	return n
}

// A link is a QUIC connection from one client of NATS to another.
type link struct {
	from, to *natsstream.Node
	dialled  *quic.Conn
	accepted *listener.AcceptQueue // of the streams that are opened in it
}

// connect makes a link. subject is one that nobody else listens at.
func connect(t testing.TB, from, to *nats.Conn, subject string, config *quic.Config) link {
	t.Helper()
	k := link{from: newNode(t, from, config), to: newNode(t, to, config)}
	l, err := k.to.Listen(subject, serverTLS(), nil)
	require.NoError(t, err)
	require.NoError(t, to.Flush(), "so that the server knows of the subject")
	k.accepted = listener.Queue(context.Background(), l)
	t.Cleanup(func() { require.NoError(t, k.accepted.Close(context.Background())) })
	k.dialled, err = k.from.Dial(t.Context(), subject, clientTLS())
	require.NoError(t, err)
	return k
}

// pair returns both ends of a new stream, and closes them with the test. Calls
// must not overlap.
func (k link) pair(t testing.TB) (a, b abc.Stream) {
	t.Helper()
	a, err := quicstream.Open(t.Context(), k.dialled)
	require.NoError(t, err)
	t.Cleanup(func() { _ = closeutil.CloseForcefully(a) })
	require.NoError(t, a.SendAll(t.Context(), []byte{1}), "so that the peer learns of it")
	b, err = k.accepted.Accept(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { _ = closeutil.CloseForcefully(b) })
	_, err = b.ReceiveSome(t.Context(), make([]byte, 1))
	require.NoError(t, err)
	return a, b
}

// newPair returns both ends of a stream in a connection of its own.
func newPair(t testing.TB, from, to *nats.Conn) (k link, a, b abc.Stream) {
	t.Helper()
	k = connect(t, from, to, nats.NewInbox(), patient)
	a, b = k.pair(t)
	return k, a, b
}

// echo sends back what it receives, up to the end.
func echo(ctx context.Context, s abc.Stream) {
	if _, err := abc.Copy(ctx, s, s); err == nil {
		_ = s.Close(ctx)
	}
}

// carry sends size bytes to an echo and returns what is wrong with those that
// come back, if anything. progress is told how many have come.
func carry(s abc.Stream, seed uint64, size int, progress func(n int)) error {
	sent := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{byte(seed)}).Read(sent)
	go func() {
		if s.SendAll(context.Background(), sent) == nil {
			_ = s.SendEOF(context.Background())
		}
	}()
	n := 0
	for chunk, err := range abc.Chunks(context.Background(), s, make([]byte, 5000)) {
		switch {
		case err != nil:
			return fmt.Errorf("after %d bytes: %w", n, err)
		case !bytes.HasPrefix(sent[n:], chunk):
			return fmt.Errorf("other bytes at %d", n)
		}
		n += len(chunk)
		progress(n)
	}
	if n != size {
		return fmt.Errorf("silently short: %d of %d bytes", n, size)
	}
	return nil
}
