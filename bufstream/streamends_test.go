package bufstream_test

import (
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/bufstream"
	"github.com/tributary-go/tributary/memstream"
)

func TestStreamSendEOF(t *testing.T) {
	a, b := memstream.Pair(nil)
	s := bufstream.NewStream(a, nil)
	require.NoError(t, s.SendAll(bg, []byte("all of it")))
	require.NoError(t, s.SendEOF(bg))
	require.NoError(t, s.SendEOF(bg), "again")
	require.ErrorIs(t, s.SendAll(bg, []byte("x")), abc.ErrClosed)
	require.ErrorIs(t, s.Flush(bg), abc.ErrClosed)
	got, err := receiveAll(b)
	require.Equal(t, "all of it", got)
	require.Equal(t, io.EOF, err)
	require.NoError(t, b.SendAll(bg, []byte("answer\n")))
	line, err := s.ReceiveLine(bg)
	require.NoError(t, err)
	require.Equal(t, "answer", string(line))
	require.NoError(t, s.Close(bg))
	require.ErrorIs(t, s.SendEOF(bg), abc.ErrClosed)
}

// The receiving half ends when Close begins, not when what is held was sent.
func TestNothingIsReceivedWhileClosing(t *testing.T) {
	for name, op := range every {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, b := memstream.Pair(&memstream.Options{Capacity: 4})
				s := bufstream.NewStream(a, nil)
				require.NoError(t, s.SendAll(bg, []byte("good-bye")))
				received := make(chan error)
				go func() { received <- op(bg, s.Receiver) }()
				synctest.Wait()
				closed := make(chan error, 1)
				go func() { closed <- s.Close(bg) }()
				synctest.Wait()
				require.ErrorIs(t, <-received, abc.ErrClosed, "though the peer does not receive")
				require.Empty(t, closed)
				require.NoError(t, b.SendAll(bg, []byte("1\n")))
				got, err := receiveAll(b)
				require.Equal(t, io.EOF, err)
				require.Equal(t, "good-bye", got)
				require.NoError(t, <-closed)
			})
		})
	}
}

// noEOF is a stream that cannot end one direction alone.
type noEOF struct{ abc.Stream }

func (noEOF) SendEOF(context.Context) error {
	return &abc.OpError{Op: "send EOF", Transport: "noEOF", Err: errors.ErrUnsupported}
}

func TestStreamSendEOFUnsupported(t *testing.T) {
	a, b := memstream.Pair(nil)
	s := bufstream.NewStream(noEOF{a}, nil)
	for _, p := range []string{"one", "two"} {
		require.NoError(t, s.SendAll(bg, []byte(p)))
		require.ErrorIs(t, s.SendEOF(bg), errors.ErrUnsupported)
	}
	require.NoError(t, s.Close(bg))
	got, _ := receiveAll(b)
	require.Equal(t, "onetwo", got)
}

func TestStreamDetach(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := memstream.Pair(nil)
		s := bufstream.NewStream(a, &bufstream.StreamOptions{Sender: bufstream.SenderOptions{FlushAfter: time.Second}})
		require.NoError(t, b.SendAll(bg, []byte("line\nrest")))
		_, err := s.ReceiveLine(bg)
		require.NoError(t, err)
		require.NoError(t, s.SendAll(bg, []byte("held")))
		busy := make(chan error)
		ctx, cancel := context.WithCancel(bg)
		go func() { busy <- s.ReceiveExactly(ctx, make([]byte, 10)) }()
		synctest.Wait()
		_, _, err = s.Detach(bg)
		require.ErrorIs(t, err, abc.ErrBusy)
		cancel()
		require.ErrorIs(t, <-busy, context.Canceled)

		prebuffered, below, err := s.Detach(bg)
		require.NoError(t, err)
		require.Equal(t, "rest", string(prebuffered))
		require.Same(t, a, below)
		require.NoError(t, s.Close(bg))
		require.ErrorIs(t, s.SendAll(bg, []byte("x")), abc.ErrClosed)
		_, _, err = s.Detach(bg)
		require.ErrorIs(t, err, abc.ErrClosed)
		require.NoError(t, a.SendAll(bg, []byte(" and more")))
		require.NoError(t, a.Close(bg))
		got, _ := receiveAll(b)
		require.Equal(t, "held and more", got)
	})
}
