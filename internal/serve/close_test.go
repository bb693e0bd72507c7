package serve_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/internal/serve"
	"github.com/tributary-go/tributary/memstream"
)

func TestGracefulCloseLetsHandlersFinish(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, f := newListener(t, serve.Config{})
		var cancelled, finished atomic.Bool
		ended := start(t.Context(), l, func(ctx context.Context, _ abc.Stream) {
			time.Sleep(time.Minute)
			cancelled.Store(ctx.Err() != nil)
			finished.Store(true)
		})
		client := f.connect()
		synctest.Wait()

		begun := time.Now()
		closed := make(chan error, 1)
		go func() { closed <- l.Close(t.Context()) }()
		synctest.Wait()
		require.Empty(t, closed)
		requireRunning(t, ended)
		select {
		case <-f.closed: // accepting stops at once
		default:
			require.FailNow(t, "the acceptor is still open")
		}
		requirePeerOpen(t, client)
		require.ErrorIs(t, l.Serve(t.Context(), untilCtxDone), abc.ErrClosed)

		require.NoError(t, <-closed)
		require.Equal(t, time.Minute, time.Since(begun))
		require.True(t, finished.Load())
		require.False(t, cancelled.Load())
		synctest.Wait()
		requireServeError(t, ended, abc.ErrClosed)
		require.NoError(t, l.Close(t.Context()))
	})
}

func TestCloseWhoseContextEndsCutsTheHandlersOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, f := newListener(t, serve.Config{})
		var received, cause error
		ended := start(t.Context(), l, func(ctx context.Context, s abc.Stream) {
			_, received = s.ReceiveSome(t.Context(), make([]byte, 1)) // deaf to its own ctx
			cause = context.Cause(ctx)
			time.Sleep(time.Hour)
		})
		client := f.connect()
		synctest.Wait()

		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		begun := time.Now()
		err := l.Close(ctx)
		require.Equal(t, time.Minute, time.Since(begun))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		var op *abc.OpError
		require.ErrorAs(t, err, &op)
		require.Equal(t, abc.OpError{Op: "close", Transport: "fake", Err: op.Err}, *op)
		requirePeerClosed(t, client)
		synctest.Wait()
		requireRunning(t, ended) // Serve waits, Close does not
		require.ErrorIs(t, received, abc.ErrClosed)
		require.EqualError(t, cause, "the listener was closed forcefully")
		require.NotErrorIs(t, cause, abc.ErrClosed)

		time.Sleep(time.Hour)
		synctest.Wait()
		requireServeError(t, ended, abc.ErrClosed)
	})
}

func TestForcefulCloseDoesNotWaitAndReportsOnlyItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		done, cancel := context.WithCancel(t.Context())
		cancel()

		l, _ := newListener(t, serve.Config{})
		require.NoError(t, l.Close(done), "never served")

		l, f := newListener(t, serve.Config{})
		ended := start(t.Context(), l, untilCtxDone)
		synctest.Wait()
		require.NoError(t, l.Close(done), "no handler")
		synctest.Wait()
		requireServeError(t, ended, abc.ErrClosed)
		_ = f

		l, f = newListener(t, serve.Config{})
		ended = start(t.Context(), l, untilCtxDone)
		client := f.connect()
		synctest.Wait()
		require.ErrorIs(t, l.Close(done), context.Canceled)
		requirePeerClosed(t, client)
		synctest.Wait()
		requireServeError(t, ended, abc.ErrClosed)
		require.NoError(t, l.Close(done), "a later one")

		l, f = newListener(t, serve.Config{})
		ended = start(t.Context(), l, untilCtxDone)
		f.connect()
		synctest.Wait()
		require.NoError(t, closeutil.CloseForcefully(l))
		synctest.Wait()
		requireServeError(t, ended, abc.ErrClosed)
	})
}

func TestForcefulCloseCutsGracefulOnesShort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, f := newListener(t, serve.Config{})
		proceed := make(chan struct{})
		ended := start(t.Context(), l, func(context.Context, abc.Stream) { <-proceed })
		client := f.connect()
		synctest.Wait()
		type result struct{ close, send error }
		graceful := make(chan result, 2)
		var mu sync.Mutex // a stream is for one sender
		for range 2 {
			go func() {
				err := l.Close(t.Context())
				mu.Lock()
				defer mu.Unlock()
				graceful <- result{err, client.SendAll(t.Context(), []byte("x"))}
			}()
		}
		synctest.Wait()
		require.Empty(t, graceful)
		require.NoError(t, closeutil.CloseForcefully(l))
		for range 2 {
			r := <-graceful
			require.ErrorIs(t, r.close, abc.ErrClosed)
			require.ErrorContains(t, r.close, "cut short")
			require.NotErrorIs(t, r.close, context.Canceled)
			require.ErrorIs(t, r.send, abc.ErrBroken, "everything was released")
		}
		requireRunning(t, ended)
		require.NoError(t, l.Close(t.Context()), "it is closed already, though a handler runs")
		close(proceed)
		synctest.Wait()
		requireServeError(t, ended, abc.ErrClosed)
	})
}

func TestHandlerMayCloseItsListenerWithinABound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, f := newListener(t, serve.Config{})
		var err error
		ended := start(t.Context(), l, func(context.Context, abc.Stream) {
			err = closeutil.CloseWithin(t.Context(), l, time.Second)
		})
		f.connect()
		requireServeErrorAfter(t, ended, time.Second, abc.ErrClosed)
		require.ErrorIs(t, err, context.DeadlineExceeded)
	})
}

func requireServeErrorAfter(t *testing.T, ended chan any, d time.Duration, target error) {
	t.Helper()
	begun := time.Now()
	v := <-ended
	require.Equal(t, d, time.Since(begun))
	ended <- v
	requireServeError(t, ended, target)
}

// lateAcceptor returns a stream when it is closed or ctx is done: it had come
// in at the very same moment.
type lateAcceptor struct {
	*fakeAcceptor
	late abc.Stream
}

func (a *lateAcceptor) Accept(ctx context.Context) (abc.Stream, error) {
	select {
	case <-a.closed:
	case <-ctx.Done():
	}
	time.Sleep(time.Second)
	return a.late, nil
}

func newLate(t *testing.T) (client *memstream.Stream, l *serve.Listener) {
	client, server := memstream.Pair(nil)
	return client, serve.New(&lateAcceptor{newFake(), server}, serve.Config{Transport: "fake", MaxConns: 1})
}

func TestStreamAcceptedAsTheHandlersAreToldToStopIsClosedAndNotHandled(t *testing.T) {
	stops := map[string]func(*serve.Listener, context.CancelFunc) error{
		"forceful": func(l *serve.Listener, _ context.CancelFunc) error { return closeutil.CloseForcefully(l) },
		"Serve's ctx": func(_ *serve.Listener, cancel context.CancelFunc) error {
			cancel()
			return nil
		},
	}
	for name, stop := range stops {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client, l := newLate(t)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				var handled atomic.Bool
				ended := start(ctx, l, func(context.Context, abc.Stream) { handled.Store(true) })
				synctest.Wait()
				require.NoError(t, stop(l, cancel))
				requireRunning(t, ended)
				time.Sleep(time.Second)
				synctest.Wait()
				require.False(t, handled.Load())
				requirePeerClosed(t, client)
				require.Len(t, ended, 1)
				require.Equal(t, abc.ListenerStats{Accepted: 1, Rejected: 1}, l.Stats())
			})
		})
	}
}

// It has left the queue that a successor may serve, so it is ours to serve.
func TestStreamAcceptedAsAGracefulCloseBeginsIsServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, l := newLate(t)
		ended := start(t.Context(), l, func(ctx context.Context, s abc.Stream) {
			time.Sleep(time.Minute)
			_ = s.SendAll(ctx, []byte("x"))
			_ = s.Close(ctx)
		})
		synctest.Wait()
		begun := time.Now()
		require.NoError(t, l.Close(t.Context()))
		require.Equal(t, time.Second+time.Minute, time.Since(begun), "Close does not wait for the handler")
		n, err := client.ReceiveSome(t.Context(), make([]byte, 2))
		require.NoError(t, err)
		require.Equal(t, 1, n)
		synctest.Wait()
		requireServeError(t, ended, abc.ErrClosed)
		require.Equal(t, abc.ListenerStats{Accepted: 1, Drained: 1}, l.Stats())
	})
}

// A graceful Close must not return while a handler runs, also not one that was
// just being started.
func TestCloseAmongNewConnectionsWaitsForEachHandler(t *testing.T) {
	for range 500 {
		l, f := newListener(t, serve.Config{})
		var active atomic.Int32
		ended := start(t.Context(), l, func(context.Context, abc.Stream) {
			active.Add(1)
			defer active.Add(-1)
		})
		var wg sync.WaitGroup
		var clients []*memstream.Stream
		wg.Go(func() {
			for range 20 {
				clients = append(clients, f.connect())
			}
		})
		require.NoError(t, l.Close(t.Context()))
		require.Zero(t, active.Load())
		wg.Wait()
		require.ErrorIs(t, (<-ended).(error), abc.ErrClosed)
	}
}

// After a forceful Close no stream is open, also not one whose handler was just
// being started, and which does not care about its ctx.
func TestForcefulCloseAmongNewConnectionsMissesNone(t *testing.T) {
	for round := range 500 {
		synctest.Test(t, func(t *testing.T) {
			l, f := newListener(t, serve.Config{})
			proceed := make(chan struct{})
			ended := start(t.Context(), l, func(context.Context, abc.Stream) { <-proceed })
			var clients []*memstream.Stream
			for range 20 {
				clients = append(clients, f.connect())
			}
			for l.Stats().Accepted < int64(round%len(clients)) {
				runtime.Gosched()
			}
			require.NoError(t, closeutil.CloseForcefully(l))
			synctest.Wait()
			open := 0
			for _, client := range clients {
				if client.SendAll(t.Context(), []byte("x")) == nil {
					open++
				}
			}
			require.Equal(t, len(f.incoming), open, "those that were not accepted")
			st := l.Stats()
			require.Equal(t, st.Accepted, st.Forced+st.Rejected)
			close(proceed)
			<-ended
		})
	}
}

// closeErrorAcceptor's Close fails, or lasts until its ctx is done.
type closeErrorAcceptor struct {
	*fakeAcceptor
	err error
}

func (a closeErrorAcceptor) Close(ctx context.Context) error {
	_ = a.fakeAcceptor.Close(ctx)
	if a.err != nil {
		return a.err
	}
	<-ctx.Done()
	return abc.ContextErr(ctx)
}

func TestErrorOfTheAcceptorsCloseIsReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		boom := errors.New("boom")
		l := serve.New(closeErrorAcceptor{newFake(), boom}, serve.Config{Transport: "fake"})
		require.ErrorIs(t, l.Close(t.Context()), boom)
		require.NoError(t, l.Close(t.Context()))

		l = serve.New(closeErrorAcceptor{newFake(), boom}, serve.Config{Transport: "fake"})
		require.ErrorIs(t, closeutil.CloseForcefully(l), boom)

		l = serve.New(closeErrorAcceptor{newFake(), nil}, serve.Config{Transport: "fake"})
		require.ErrorIs(t, closeutil.CloseWithin(t.Context(), l, time.Second), context.DeadlineExceeded)

		// A close that was forceful from the start has nobody to cut off here.
		done, cancel := context.WithCancel(t.Context())
		cancel()
		l = serve.New(closeErrorAcceptor{newFake(), nil}, serve.Config{Transport: "fake"})
		require.NoError(t, l.Close(done))

		// The acceptor and a handler both take too long: that is one error.
		f := newFake()
		l = serve.New(closeErrorAcceptor{f, nil}, serve.Config{Transport: "fake"})
		ended := start(t.Context(), l, untilCtxDone)
		f.connect()
		synctest.Wait()
		err := closeutil.CloseWithin(t.Context(), l, time.Second)
		require.EqualError(t, err, "fake: close: context deadline exceeded")
		<-ended

		// An error of the acceptor is told beside it.
		f = newFake()
		l = serve.New(closeErrorAcceptor{f, boom}, serve.Config{Transport: "fake"})
		ended = start(t.Context(), l, untilCtxDone)
		f.connect()
		synctest.Wait()
		err = closeutil.CloseWithin(t.Context(), l, time.Second)
		require.ErrorIs(t, err, boom)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		<-ended
	})
}
