package natsstream_test

import (
	"context"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/abc/abctest"
	"github.com/tributary-go/tributary/docs/examples/transports/natsstream"
	"github.com/tributary-go/tributary/listener"
)

// A stream over NATS can do all that the contract has: no Caps are needed.
func TestStream(t *testing.T) {
	l, err := natsstream.Listen(clientB, "conformance", patient, nil)
	require.NoError(t, err)
	queue := listener.Queue(context.Background(), l)
	defer queue.Close(t.Context())
	require.NoError(t, clientB.Flush())
	abctest.TestStream(t, func(t testing.TB) (a, b abc.Stream) { // one at a time
		a, err := natsstream.Dial(context.Background(), clientA, "conformance", patient)
		require.NoError(t, err)
		b, err = queue.Accept(context.Background())
		require.NoError(t, err)
		return a, b
	}, abctest.Caps{MakeClogged: clogged})
}

// clogged returns a connection whose window is full.
func clogged() (abc.SendStream, abc.ReceiveStream, error) {
	opts := *patient
	opts.Window = 100
	a, b, err := connect(clientA, clientB, &opts)
	if err == nil {
		err = a.SendAll(context.Background(), make([]byte, opts.Window))
	}
	return a, b, err
}

func TestListener(t *testing.T) {
	abctest.TestListener(t, func(t testing.TB) (abc.Listener, func(context.Context) (abc.Stream, error)) {
		subject := nats.NewInbox()
		l, err := natsstream.Listen(clientB, subject, patient, nil)
		require.NoError(t, err)
		require.NoError(t, clientB.Flush())
		return l, func(ctx context.Context) (abc.Stream, error) {
			s, err := natsstream.Dial(ctx, clientA, subject, patient)
			if err != nil {
				return nil, err // not a nil *Stream in an interface
			}
			return s, nil
		}
	})
}
