package tlsstream_test

import (
	"context"
	"errors"
	"io"
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/socketstream"
	"github.com/tributary-go/tributary/tlsstream"
)

func overSockets(t *testing.T) (client, server *tlsstream.Stream) {
	x, y := socketPair(t, "tcp")
	return over(t, socketstream.New(x), socketstream.New(y), 0, nil)
}

// It may be in the transport, between that and crypto/tls, or in there.
func TestWaitReceivableKnowsWhatHasCome(t *testing.T) {
	ctx := context.Background()
	client, server := overSockets(t)
	for _, size := range []int{1, 1000, 16 << 10, 40 << 10, 100 << 10} {
		sent := make(chan error, 1)
		go func() { sent <- client.SendAll(ctx, make([]byte, size)) }()
		for room, left := 1, size; left > 0; room = room*2 + 1 {
			require.NoError(t, server.WaitReceivable(ctx))
			n, err := server.ReceiveSome(ctx, make([]byte, min(room, left)))
			require.NoError(t, err)
			left -= n
		}
		require.NoError(t, <-sent)
	}
	require.NoError(t, client.SendEOF(ctx))
	require.NoError(t, server.WaitReceivable(ctx))
	_, err := server.ReceiveSome(ctx, make([]byte, 1))
	require.Equal(t, io.EOF, err)
	require.NoError(t, server.WaitReceivable(ctx))
}

func TestWaitReceivableWaits(t *testing.T) {
	if runtime.GOOS != "linux" && runtime.GOOS != "darwin" {
		t.Skip("it returns at once")
	}
	ctx := context.Background()
	client, server := overSockets(t)
	require.NoError(t, client.WaitReceivable(ctx), "before the handshake there is nothing to know")
	_, err := client.ConnectionState()
	require.ErrorIs(t, err, tlsstream.ErrNeedHandshake)
	sent := make(chan error, 1)
	go func() { sent <- client.SendAll(ctx, []byte("x")) }()
	_, err = server.ReceiveSome(ctx, make([]byte, 9))
	require.NoError(t, err)
	require.NoError(t, <-sent)

	waiting := func(ctx context.Context) chan error {
		result := make(chan error, 1)
		var probing atomic.Bool
		probing.Store(true)
		go func() {
			err := server.WaitReceivable(ctx)
			for probing.Load() && err == nil { // the probe was inside the socket
				err = server.WaitReceivable(ctx)
			}
			result <- err
		}()
		socket, _ := abc.As[*socketstream.Stream](server)
		for {
			if _, err := socket.Readable(); errors.Is(err, abc.ErrBusy) {
				probing.Store(false)
				return result
			}
			runtime.Gosched()
		}
	}
	cancelling, cancel := context.WithCancelCause(ctx)
	cancelled := waiting(cancelling)
	_, err = server.ReceiveSome(ctx, make([]byte, 9))
	require.ErrorIs(t, err, abc.ErrBusy)
	cancel(io.ErrClosedPipe)
	err = <-cancelled
	require.ErrorIs(t, err, io.ErrClosedPipe)
	require.ErrorContains(t, err, "tlsstream: wait receivable: ")

	came := waiting(ctx)
	require.NoError(t, client.SendAll(ctx, []byte("x")))
	require.NoError(t, <-came)
	_, err = server.ReceiveSome(ctx, make([]byte, 9))
	require.NoError(t, err)

	closed := waiting(ctx)
	require.NoError(t, server.Close(ctx))
	require.ErrorIs(t, <-closed, abc.ErrClosed)
	require.ErrorIs(t, server.WaitReceivable(ctx), abc.ErrClosed)
	require.NoError(t, client.Close(ctx))
}
