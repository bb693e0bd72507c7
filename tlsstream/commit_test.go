package tlsstream_test

import (
	"context"
	"crypto/tls"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/memstream"
)

// What a cancelled send handed over is bounded, and goes out without another
// call.
func TestCancelledSendGoesOutInTheBackground(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := overMemory(t, memstream.Lockstep, 0, nil)
		shake(t, client, server)
		ctx, cancel := context.WithTimeout(bg, time.Second)
		defer cancel()
		err := client.SendAll(ctx, make([]byte, 1<<20))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, 64<<10, abc.Sent(err))
		buf := make([]byte, 1<<20)
		for n := 0; n < 64<<10; {
			k, err := server.ReceiveSome(bg, buf)
			require.NoError(t, err)
			n += k
		}
	})
}

func TestCancelledSendEOFIsCommitted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := overMemory(t, memstream.Lockstep, tls.VersionTLS13, nil)
		shake(t, client, server)
		ctx, cancel := context.WithTimeout(bg, time.Second)
		defer cancel()
		require.ErrorIs(t, client.SendEOF(ctx), context.DeadlineExceeded)
		require.ErrorIs(t, client.SendAll(bg, []byte("x")), abc.ErrClosed)
		require.ErrorIs(t, client.WaitSendable(bg), abc.ErrClosed)
		_, err := receiveAll(server)
		require.Equal(t, io.EOF, err)
		require.NoError(t, client.SendEOF(bg), "it has left now")
		require.NoError(t, client.SendEOF(bg), "again")
		require.NoError(t, client.Close(bg))
		require.ErrorIs(t, client.SendEOF(bg), abc.ErrClosed, "after Close")
	})
}

// A transport such as TLS cannot be closed gracefully while a send is inside.
func TestCloseAwaitsTheSendInTheBackground(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := memstream.Pair(nil)
		sending := false
		slow := &hooked{Stream: a, send: func(ctx context.Context, p []byte) error {
			sending = true
			<-ctx.Done()
			time.Sleep(time.Second)
			sending = false
			return &abc.OpError{Op: "send", Transport: "test", Err: abc.ContextErr(ctx)}
		}}
		slow.close = func(ctx context.Context) error {
			require.False(t, sending)
			return a.Close(ctx)
		}
		client, _ := over(t, slow, b, 0, nil)
		go func() { _ = client.Handshake(bg) }() // its first message goes out in the background
		synctest.Wait()
		require.True(t, sending)
		require.NoError(t, client.Close(bg))
	})
}
