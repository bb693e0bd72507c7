package socketstream_test

import (
	"context"
	"errors"
	"io"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/socketstream"
)

// waitingReceivable returns a WaitReceivable of s that has begun.
func waitingReceivable(ctx context.Context, s *socketstream.Stream) chan error {
	result := make(chan error, 1)
	go func() {
		err := s.WaitReceivable(ctx)
		for errors.Is(err, abc.ErrBusy) { // the probe was inside
			err = s.WaitReceivable(ctx)
		}
		result <- err
	}()
	for {
		if _, err := s.Readable(); errors.Is(err, abc.ErrBusy) {
			return result
		}
		runtime.Gosched()
	}
}

func TestWaitReceivable(t *testing.T) {
	if runtime.GOOS != "linux" && runtime.GOOS != "darwin" {
		t.Skip("it returns at once")
	}
	for _, network := range []string{"tcp", "unix"} {
		t.Run(network, func(t *testing.T) {
			a, b := pair(t, network)
			came := waitingReceivable(bg, b)
			_, err := b.ReceiveSome(bg, make([]byte, 1))
			require.ErrorIs(t, err, abc.ErrBusy)
			require.NoError(t, a.SendAll(bg, []byte("x")))
			require.NoError(t, <-came)
			require.NoError(t, b.WaitReceivable(bg))
			n, err := b.ReceiveSome(bg, make([]byte, 9))
			require.NoError(t, err)
			require.Equal(t, 1, n)

			ctx, cancel := context.WithCancelCause(bg)
			cancelled := waitingReceivable(ctx, b)
			cancel(io.ErrClosedPipe)
			err = <-cancelled
			require.ErrorIs(t, err, context.Canceled)
			require.ErrorIs(t, err, io.ErrClosedPipe)
			require.ErrorContains(t, err, "wait receivable")

			ended := waitingReceivable(bg, b)
			require.NoError(t, a.SendEOF(bg))
			require.NoError(t, <-ended)
			_, err = b.ReceiveSome(bg, make([]byte, 9))
			require.Equal(t, io.EOF, err)
			require.NoError(t, b.WaitReceivable(bg))

			closed := waitingReceivable(bg, a)
			require.NoError(t, a.Close(bg))
			require.ErrorIs(t, <-closed, abc.ErrClosed)
			require.ErrorIs(t, a.WaitReceivable(bg), abc.ErrClosed)
		})
	}
}

// The reset that ends the wait is there for the receive.
func TestWaitReceivableLeavesAResetToTheReceive(t *testing.T) {
	a, b := pair(t, "tcp")
	require.NoError(t, b.SendAll(bg, []byte("unread")))
	require.NoError(t, a.WaitReceivable(bg))
	require.NoError(t, closeutil.CloseForcefully(a))
	require.NoError(t, b.WaitReceivable(bg))
	_, err := b.ReceiveSome(bg, make([]byte, 9))
	require.ErrorIs(t, err, abc.ErrBroken)
	require.NoError(t, b.WaitReceivable(bg))
}
