package natsstream_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/docs/examples/transports/natsstream"
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
	if !s.ReadyForConnections(10 * time.Second) {
		s.Shutdown()
		return nil, errors.New("the NATS server does not start")
	}
	return s, nil
}

// patient never gives a peer up, whatever else the machine does.
var patient = &natsstream.Options{Heartbeat: 100 * time.Millisecond, Timeout: 10 * time.Minute}

// connect makes a connection from one client of NATS to another.
func connect(from, to *nats.Conn, opts *natsstream.Options) (dialled, accepted abc.Stream, err error) {
	ctx := context.Background()
	subject := nats.NewInbox()
	l, err := natsstream.Listen(to, subject, opts, nil)
	if err != nil {
		return nil, nil, err
	}
	queue := listener.Queue(ctx, l)
	defer queue.Close(ctx)
	if err := to.Flush(); err != nil { // so that the server knows of the subject
		return nil, nil, err
	}
	s, err := natsstream.Dial(ctx, from, subject, opts)
	if err != nil {
		return nil, nil, err
	}
	accepted, err = queue.Accept(ctx)
	return s, accepted, err
}

// pair is connect for a test, at whose end it closes the streams.
func pair(t testing.TB, from, to *nats.Conn, opts *natsstream.Options) (dialled, accepted abc.Stream) {
	t.Helper()
	a, b, err := connect(from, to, opts)
	require.NoError(t, err)
	t.Cleanup(func() {
		_ = closeutil.CloseForcefully(a)
		_ = closeutil.CloseForcefully(b)
	})
	return a, b
}

// client connects to a server, until the test is over.
func client(t testing.TB, url string, options ...nats.Option) *nats.Conn {
	t.Helper()
	nc, err := nats.Connect(url, options...)
	require.NoError(t, err)
	t.Cleanup(nc.Close)
	return nc
}
