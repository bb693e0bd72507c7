package serve_test

import (
	"context"
	"errors"
	"log/slog"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/internal/serve"
)

// newSeveral makes an engine over two fakes.
func newSeveral(maxConns int) (l *serve.Listener, a, b *fakeAcceptor) {
	a, b = newFake(), newFake()
	return serve.New(a, serve.Config{Transport: "fake", MaxConns: maxConns, Logger: slog.New(slog.DiscardHandler)}, b), a, b
}

// gated is a handler that runs until the test has it return.
type gated struct {
	running chan abc.Stream
	release chan struct{}
}

func newGated() *gated {
	return &gated{running: make(chan abc.Stream, 100), release: make(chan struct{})}
}

func (g *gated) handle(_ context.Context, s abc.Stream) {
	g.running <- s
	<-g.release
}

func TestSeveralAcceptorsAreServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, a, b := newSeveral(0)
		g := newGated()
		served := start(t.Context(), l, g.handle)
		for range 3 {
			a.connect()
			b.connect()
		}
		synctest.Wait()
		require.Len(t, g.running, 6)
		require.EqualValues(t, 6, l.Stats().Active)
		closed := make(chan error, 1)
		go func() { closed <- l.Close(t.Context()) }()
		synctest.Wait()
		require.Empty(t, closed)
		require.Empty(t, served)
		close(g.release)
		require.NoError(t, <-closed)
		synctest.Wait()
		requireServeError(t, served, abc.ErrClosed)
		<-a.closed
		<-b.closed
	})
}

func TestMaxConnsIsOfAllAcceptors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, a, b := newSeveral(1)
		g := newGated()
		served := start(t.Context(), l, g.handle)
		synctest.Wait() // both are accepting
		a.connect()
		b.connect()
		b.connect()
		synctest.Wait()
		require.Len(t, g.running, 1)
		require.EqualValues(t, 1, l.Stats().Accepted, "one is held back, and does not count yet")
		require.NotEmpty(t, b.incoming, "no more than one was taken")
		for range 3 {
			require.Len(t, g.running, 1)
			<-g.running
			g.release <- struct{}{}
			synctest.Wait()
		}
		require.Empty(t, g.running)
		require.EqualValues(t, 3, l.Stats().Accepted)

		// Both loops are told that there is room: it does not matter which one has
		// use for it.
		for _, f := range []*fakeAcceptor{a, b, b, a} {
			f.connect()
			synctest.Wait()
			require.Len(t, g.running, 1)
			<-g.running
			synctest.Wait()
			g.release <- struct{}{}
			synctest.Wait()
		}
		require.NoError(t, l.Close(t.Context()))
		synctest.Wait()
		requireServeError(t, served, abc.ErrClosed)
	})
}

// heldBack returns a listener one of whose connections has a handler, while
// another one waits for room.
func heldBack(t *testing.T, h abc.Handler) (l *serve.Listener, served chan any) {
	t.Helper()
	l, a, b := newSeveral(1)
	served = start(context.Background(), l, h)
	synctest.Wait()
	a.connect()
	b.connect()
	synctest.Wait()
	require.EqualValues(t, 1, l.Stats().Active)
	return l, served
}

func TestGracefulCloseServesWhatWasHeldBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGated()
		l, served := heldBack(t, g.handle)
		closed := make(chan error, 1)
		go func() { closed <- l.Close(t.Context()) }()
		synctest.Wait()
		require.Len(t, g.running, 2)
		close(g.release)
		require.NoError(t, <-closed)
		synctest.Wait()
		requireServeError(t, served, abc.ErrClosed)
		require.Equal(t, abc.ListenerStats{Accepted: 2, Drained: 2}, l.Stats())
	})
}

func TestForcefulCloseClosesWhatWasHeldBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, served := heldBack(t, untilCtxDone)
		require.NoError(t, closeutil.CloseForcefully(l))
		synctest.Wait()
		requireServeError(t, served, abc.ErrClosed)
		stats := l.Stats()
		require.EqualValues(t, 2, stats.Accepted)
		require.EqualValues(t, 2, stats.Forced+stats.Rejected)
	})
}

// The handler would wait for the connection that waits for the handler.
func TestHandlerClosesWhileOneIsHeldBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l *serve.Listener
		closeIt := make(chan struct{})
		closed := make(chan error, 2)
		l, served := heldBack(t, func(ctx context.Context, _ abc.Stream) {
			<-closeIt
			closed <- l.Close(ctx)
		})
		close(closeIt)
		require.NoError(t, <-closed)
		require.NoError(t, <-closed)
		synctest.Wait()
		requireServeError(t, served, abc.ErrClosed)
	})
}

func TestOneAcceptorFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		boom := errors.New("boom")
		l, a, b := newSeveral(0)
		causes := make(chan error, 9)
		handle := func(ctx context.Context, _ abc.Stream) {
			<-ctx.Done()
			causes <- context.Cause(ctx)
		}
		served := start(t.Context(), l, handle)
		a.connect()
		synctest.Wait()
		b.fail(boom)
		synctest.Wait()
		requireServeError(t, served, boom)
		require.ErrorContains(t, <-causes, "the listener failed: boom")

		served = start(t.Context(), l, handle) // as with a single one
		a.connect()
		b.connect()
		synctest.Wait()
		requireRunning(t, served)
		require.EqualValues(t, 2, l.Stats().Active)
		require.NoError(t, closeutil.CloseForcefully(l))
		synctest.Wait()
		requireServeError(t, served, abc.ErrClosed)
	})
}

func TestOneAcceptorThatBacksOffHoldsNoOtherUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, a, b := newSeveral(0)
		g := newGated()
		ctx, cancel := context.WithCancel(t.Context())
		served := start(ctx, l, g.handle)
		a.fail(syscall.EMFILE)
		synctest.Wait()
		require.EqualValues(t, 1, l.Stats().BackOffs)
		b.connect()
		a.connect()
		synctest.Wait()
		require.Len(t, g.running, 1, "no time has passed")
		<-g.running
		<-g.running // now it has
		close(g.release)
		cancel()
		synctest.Wait()
		requireServeError(t, served, context.Canceled)
		require.NoError(t, l.Close(t.Context()))
	})
}

func TestEveryAcceptorIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		boom := errors.New("boom")
		for _, ctx := range []context.Context{t.Context(), done()} {
			a, b := newFake(), newFake()
			l := serve.New(closeErrorAcceptor{a, boom}, serve.Config{Transport: "fake"}, b)
			require.ErrorIs(t, l.Close(ctx), boom)
			<-a.closed
			<-b.closed
		}
	})
}

func done() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}
