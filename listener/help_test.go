package listener_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/memstream"
)

// start calls Serve in a goroutine; the channel gets its error, or what it
// panicked with.
func start(ctx context.Context, l abc.Listener, h abc.Handler) chan any {
	ended := make(chan any, 1)
	go func() {
		var result any = errors.New("Serve ended its goroutine")
		defer func() {
			if v := recover(); v != nil {
				result = v
			}
			ended <- result
		}()
		result = l.Serve(ctx, h)
	}()
	return ended
}

// requireEnded checks that Serve has returned an error of this package.
func requireEnded(t *testing.T, ended chan any, target error) {
	t.Helper()
	select {
	case v := <-ended:
		requireOpError(t, v.(error), "serve", target)
	default:
		require.FailNow(t, "Serve has not returned")
	}
}

func requireOpError(t *testing.T, err error, op string, target error) {
	t.Helper()
	require.ErrorIs(t, err, target)
	require.IsType(t, (*abc.OpError)(nil), err)
	require.Equal(t, op, err.(*abc.OpError).Op)
	require.Equal(t, "listener", err.(*abc.OpError).Transport)
}

func requireRunning(t *testing.T, ended chan any) {
	t.Helper()
	require.Empty(t, ended, "Serve has returned")
}

func dialMem(t *testing.T, l *memstream.Listener) *memstream.Stream {
	t.Helper()
	s, err := l.Dial(t.Context())
	require.NoError(t, err)
	return s
}

func requirePeerClosed(t *testing.T, s abc.Stream) {
	t.Helper()
	require.ErrorIs(t, s.SendAll(context.Background(), []byte("x")), abc.ErrBroken)
}

func requirePeerOpen(t *testing.T, s abc.Stream) {
	t.Helper()
	require.NoError(t, s.SendAll(context.Background(), []byte("x")))
}

// untilCtxDone is a handler that ends with its ctx.
func untilCtxDone(ctx context.Context, _ abc.Stream) { <-ctx.Done() }

// brokenListener's Serve ends when fail is closed, with err or a panic; its
// Close fails.
type brokenListener struct {
	fail     chan struct{}
	err      error
	panics   bool
	closeErr error
}

func (b *brokenListener) Serve(ctx context.Context, _ abc.Handler) error {
	select {
	case <-b.fail:
	case <-ctx.Done():
		return ctx.Err()
	}
	if b.panics {
		panic(b.err)
	}
	return b.err
}

func (b *brokenListener) Close(context.Context) error { return b.closeErr }
