package natsstream_test

import (
	"context"
	"encoding/binary"
	"io"
	"syscall"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/docs/examples/transports/natsstream"
)

// message writes a frame by hand.
func message(flags byte, offset, ack, limit uint64, data string) []byte {
	b := []byte{flags}
	for _, v := range []uint64{offset, ack, limit} {
		b = binary.BigEndian.AppendUint64(b, v)
	}
	return append(b, data...)
}

// handmade dials a peer that is the test itself, and has been accepted. tell
// publishes a message to the stream.
func handmade(t *testing.T) (s *natsstream.Stream, tell func(from string, message []byte)) {
	inbox, subject := nats.NewInbox(), nats.NewInbox()
	sub, err := clientB.SubscribeSync(inbox) // so that somebody is there
	require.NoError(t, err)
	dialled := make(chan string, 1)
	accept, err := clientB.Subscribe(subject, func(m *nats.Msg) {
		dialled <- m.Reply
		_ = clientB.PublishRequest(m.Reply, inbox, message(0, 0, 0, 10, ""))
	})
	require.NoError(t, err)
	require.NoError(t, clientB.Flush())
	opts := *patient
	opts.Window = 100
	s, err = natsstream.Dial(t.Context(), clientA, subject, &opts)
	require.NoError(t, err)
	t.Cleanup(func() {
		_ = closeutil.CloseForcefully(s)
		_ = sub.Unsubscribe()
		_ = accept.Unsubscribe()
	})
	theirs := <-dialled
	return s, func(from string, message []byte) {
		if from == "" {
			from = inbox
		}
		require.NoError(t, clientB.PublishRequest(theirs, from, message))
	}
}

func TestWhatAPeerMayNotSayBreaksTheStream(t *testing.T) {
	for name, m := range map[string][]byte{
		"nothing":                  {},
		"less than a header":       message(0, 0, 0, 10, "")[:24],
		"an unknown flag":          message(8, 0, 0, 10, ""),
		"an ack of the future":     message(0, 5, 1, 10, ""),
		"more than the window":     message(0, 5, 0, 10, string(make([]byte, 96))),
		"an offset that overflows": message(0, 1, 0, 10, string(make([]byte, 200))),
	} {
		t.Run(name, func(t *testing.T) {
			s, tell := handmade(t)
			tell("", message(0, 0, 0, 10, "hello"))
			tell("", m)
			buf := make([]byte, 10)
			n, err := s.ReceiveSome(t.Context(), buf)
			require.NoError(t, err)
			require.Equal(t, "hello", string(buf[:n]), "what had arrived")
			_, err = s.ReceiveSome(t.Context(), buf)
			require.ErrorIs(t, err, abc.ErrBroken)
			require.ErrorContains(t, err, "malformed frame")
		})
	}
}

func TestFramesAreTakenOnceAndInOrder(t *testing.T) {
	s, tell := handmade(t)
	tell("", message(0, 3, 0, 10, "def"))             // beyond a gap
	tell("", message(0, 0, 0, 10, "abc"))             //
	tell("", message(0, 0, 0, 10, "abc"))             // again
	tell("", message(0, 2, 0, 10, "cde"))             // in part
	tell(nats.NewInbox(), message(0, 5, 0, 10, "xx")) // not from the peer
	tell("", message(1, 5, 0, 10, "f"))               // the end
	tell("", message(1, 6, 0, 10, ""))                // again
	var got []byte
	for chunk, err := range abc.Chunks(t.Context(), s, make([]byte, 10)) {
		require.NoError(t, err)
		got = append(got, chunk...)
	}
	require.Equal(t, "abcdef", string(got))
	tell("", message(1, 6, 0, 10, "more"))
	require.NoError(t, clientB.Flush())
	_, err := s.ReceiveSome(t.Context(), make([]byte, 10))
	require.Equal(t, io.EOF, err, "an end stays")
}

// What was sent comes first, and then no EOF: the send was cut off.
func TestAForcefulCloseIsNoEnd(t *testing.T) {
	opts := *patient
	opts.Window = 50_000
	a, b := pair(t, clientA, clientB, &opts)
	sent := make(chan error)
	go func() { sent <- a.SendAll(context.Background(), make([]byte, 60_000)) }()
	buf := make([]byte, 1000)
	_, err := b.ReceiveSome(t.Context(), buf)
	require.NoError(t, err)
	require.NoError(t, closeutil.CloseForcefully(a))
	require.ErrorIs(t, <-sent, abc.ErrClosed)
	for err == nil {
		_, err = b.ReceiveSome(t.Context(), buf)
	}
	require.ErrorIs(t, err, abc.ErrBroken)
	require.ErrorIs(t, err, syscall.ECONNRESET)
}
