package serve_test

import (
	"context"
	"errors"
	"runtime"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/internal/serve"
)

func TestServeChecksItsArgumentsInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, _ := newListener(t, serve.Config{})
		done, cancel := context.WithCancelCause(t.Context())
		cause := errors.New("why")
		cancel(cause)
		require.PanicsWithValue(t, "fake: Serve with a nil handler", func() { _ = l.Serve(done, nil) })

		running := start(t.Context(), l, untilCtxDone)
		synctest.Wait()
		err := l.Serve(done, untilCtxDone)
		require.ErrorIs(t, err, context.Canceled)
		require.ErrorIs(t, err, cause)
		require.ErrorIs(t, l.Serve(t.Context(), untilCtxDone), abc.ErrBusy)
		requireRunning(t, running)

		require.NoError(t, l.Close(t.Context()))
		synctest.Wait()
		requireServeError(t, running, abc.ErrClosed)
		require.ErrorIs(t, l.Serve(done, untilCtxDone), context.Canceled)
		require.ErrorIs(t, l.Serve(t.Context(), untilCtxDone), abc.ErrClosed)
	})
}

func TestNegativeMaxConnsPanics(t *testing.T) {
	require.PanicsWithValue(t, "fake: MaxConns is -1; it must not be negative", func() {
		serve.New(newFake(), serve.Config{Transport: "fake", MaxConns: -1})
	})
}

func TestHandlersRunSideBySideAndServeWaitsForThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, f := newListener(t, serve.Config{})
		ctx, cancel := context.WithCancel(t.Context())
		var active atomic.Int32
		ended := start(ctx, l, func(ctx context.Context, _ abc.Stream) {
			active.Add(1)
			defer active.Add(-1)
			<-ctx.Done()
			time.Sleep(time.Second)
		})
		for range 3 {
			f.connect()
		}
		synctest.Wait()
		require.EqualValues(t, 3, active.Load())

		cancel()
		synctest.Wait()
		requireRunning(t, ended)
		late := f.connect()
		time.Sleep(time.Second)
		synctest.Wait()
		requireServeError(t, ended, context.Canceled)
		require.Zero(t, active.Load())
		requirePeerOpen(t, late) // it waits in the acceptor for the next Serve
	})
}

func TestStreamsLeftOpenAreClosedForcefully(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, f := newListener(t, serve.Config{})
		ended := start(t.Context(), l, func(context.Context, abc.Stream) {})
		requirePeerClosedSoon(t, f)
		_ = closeutil.CloseForcefully(l)
		synctest.Wait()
		requireServeError(t, ended, abc.ErrClosed)
	})
}

func TestHandlerThatEndsItsGoroutineDoesNotLeak(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, f := newListener(t, serve.Config{MaxConns: 1})
		ended := start(t.Context(), l, func(context.Context, abc.Stream) { runtime.Goexit() })
		requirePeerClosedSoon(t, f)
		requirePeerClosedSoon(t, f) // the slot was given back
		require.NoError(t, l.Close(t.Context()))
		synctest.Wait()
		requireServeError(t, ended, abc.ErrClosed)
	})
}

func requirePeerClosedSoon(t *testing.T, f *fakeAcceptor) {
	t.Helper()
	client := f.connect()
	synctest.Wait()
	requirePeerClosed(t, client)
}

func TestHandlerContextDescendsFromServe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		type key struct{}
		l, f := newListener(t, serve.Config{})
		ctx, cancel := context.WithCancelCause(context.WithValue(t.Context(), key{}, "value"))
		var value any
		var cause error
		ended := start(ctx, l, func(ctx context.Context, _ abc.Stream) {
			value = ctx.Value(key{})
			<-ctx.Done()
			cause = context.Cause(ctx)
		})
		f.connect()
		synctest.Wait()
		why := errors.New("why")
		cancel(why)
		synctest.Wait()
		requireServeError(t, ended, why)
		require.Equal(t, "value", value)
		require.Equal(t, why, cause)
	})
}

func TestListenerIsServedAgainAfterItsContextEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, f := newListener(t, serve.Config{})
		for range 3 {
			ctx, cancel := context.WithCancel(t.Context())
			ended := start(ctx, l, untilCtxDone)
			client := f.connect()
			synctest.Wait()
			requirePeerOpen(t, client)
			cancel()
			synctest.Wait()
			requireServeError(t, ended, context.Canceled)
			requirePeerClosed(t, client)
		}
	})
}

func TestAcceptErrorCancelsAndAwaitsTheHandlers(t *testing.T) {
	for name, failure := range map[string]error{
		"errno":     &abc.OpError{Op: "accept", Transport: "fake", Err: syscall.EBADF},
		"ErrClosed": abc.ErrClosed, // by somebody else
		"unknown":   errors.New("boom"),
		"a context": context.DeadlineExceeded, // not ours
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l, f := newListener(t, serve.Config{})
				var cause error
				ended := start(t.Context(), l, func(ctx context.Context, _ abc.Stream) {
					<-ctx.Done()
					cause = context.Cause(ctx)
					time.Sleep(time.Second)
				})
				f.connect()
				synctest.Wait()
				f.fail(failure)
				synctest.Wait()
				requireRunning(t, ended)
				time.Sleep(time.Second)
				synctest.Wait()
				requireServeError(t, ended, failure)

				var f2 *serve.Failure
				require.ErrorAs(t, cause, &f2)
				require.Equal(t, failure, f2.Err)
				require.NotErrorIs(t, cause, failure) // the cause is not one of the contract's errors

				ended = start(t.Context(), l, untilCtxDone)
				synctest.Wait()
				requireRunning(t, ended)
				require.NoError(t, l.Close(t.Context()))
			})
		})
	}
}

func TestAcceptorThatReturnsNothingIsAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, f := newListener(t, serve.Config{})
		f.fail(nil)
		require.ErrorContains(t, l.Serve(t.Context(), untilCtxDone), "neither a stream nor an error")
	})
}

func TestAcceptThatPanicsOrEndsItsGoroutineDoesNotLeak(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for want, f := range map[any]func(){
			"boom":                      func() { panic("boom") },
			"Serve ended its goroutine": runtime.Goexit,
		} {
			l, fake := newListener(t, serve.Config{})
			client := fake.connect()
			ended := start(t.Context(), l, untilCtxDone)
			synctest.Wait()
			fake.incoming <- func() (abc.Stream, error) { f(); return nil, nil }
			got := <-ended
			if err, ok := got.(error); ok {
				got = err.Error()
			}
			require.Equal(t, want, got)
			requirePeerClosed(t, client)
			require.NoError(t, l.Close(t.Context()))
		}
	})
}

// Nothing hangs on the ctx of Serve for ever.
func TestContextOfTheHandlersEndsWithServe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, f := newListener(t, serve.Config{})
		var left context.Context
		ended := start(t.Context(), l, func(ctx context.Context, _ abc.Stream) { left = ctx })
		f.connect()
		synctest.Wait()
		require.NoError(t, left.Err())
		require.NoError(t, l.Close(t.Context()))
		<-ended
		require.ErrorIs(t, left.Err(), context.Canceled)
	})
}
