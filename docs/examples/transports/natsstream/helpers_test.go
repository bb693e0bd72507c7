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
var patient = &natsstream.Options{Heartbeat: 20 * time.Millisecond, Timeout: 10 * time.Minute}

// connect makes a connection from one client of NATS to another.
func connect(t testing.TB, from, to *nats.Conn, opts *natsstream.Options) (dialled, accepted abc.Stream) {
	t.Helper()
	subject := nats.NewInbox()
	l, err := natsstream.Listen(to, subject, opts, nil)
	require.NoError(t, err)
	queue := listener.Queue(context.Background(), l)
	defer queue.Close(context.Background())
	require.NoError(t, to.Flush()) // the server knows of the subject
	dialled, err = natsstream.Dial(context.Background(), from, subject, opts)
	require.NoError(t, err)
	accepted, err = queue.Accept(context.Background())
	require.NoError(t, err)
	t.Cleanup(func() {
		_ = closeutil.CloseForcefully(dialled)
		_ = closeutil.CloseForcefully(accepted)
	})
	return dialled, accepted
}
