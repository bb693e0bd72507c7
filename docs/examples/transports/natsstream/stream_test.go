package natsstream_test

import (
	"context"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/abc/abctest"
	"github.com/tributary-go/tributary/docs/examples/transports/quicstream"
)

// A stream over NATS can do all that the contract has: no Caps are needed.
func TestStream(t *testing.T) {
	k := connect(t, clientA, clientB, nats.NewInbox(), patient)
	abctest.TestStream(t, func(t testing.TB) (a, b abc.Stream) { return k.pair(t) }, abctest.Caps{})
}

// The clients are streams of one connection. One for each would test the same,
// and handshakes are slow under the race detector.
func TestListener(t *testing.T) {
	from := newNode(t, clientA, patient)
	abctest.TestListener(t, func(t testing.TB) (abc.Listener, func(context.Context) (abc.Stream, error)) {
		subject := nats.NewInbox()
		l, err := newNode(t, clientB, patient).Listen(subject, serverTLS(), nil)
		require.NoError(t, err)
		require.Equal(t, subject, l.Addr().String())
		require.NoError(t, clientB.Flush(), "so that the server knows of the subject")
		conn, err := from.Dial(t.Context(), subject, clientTLS())
		require.NoError(t, err)
		return l, func(ctx context.Context) (abc.Stream, error) {
			s, err := quicstream.Open(ctx, conn)
			if err != nil {
				return nil, err // not a nil *Stream in an interface
			}
			return s, nil
		}
	})
}
