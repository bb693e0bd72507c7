package natsstream_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/abc/abctest"
	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/docs/examples/transports/natsstream"
	"github.com/tributary-go/tributary/listener"
)

func TestStream(t *testing.T) {
	abctest.TestStream(t, func(t testing.TB) (a, b abc.Stream) {
		return connect(t, clientA, clientB, patient)
	}, abctest.Caps{})
}

// clogged returns a connection whose window is full.
func clogged() (abc.SendStream, abc.ReceiveStream, error) {
	opts := *patient
	opts.Window = 100
	l, err := natsstream.Listen(clientB, "clogged."+nats.NewInbox(), &opts, nil)
	if err != nil {
		return nil, nil, err
	}
	_ = l
	return nil, nil, errors.ErrUnsupported
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

var _ = closeutil.CloseForcefully
var _ = listener.Queue
var _ = time.Second
