package listener_test

import (
	"context"
	"errors"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/listener"
	"github.com/tributary-go/tributary/memstream"
)

func TestJoinNamesTheNilListener(t *testing.T) {
	require.PanicsWithValue(t, "listener: Join of a nil listener, at index 1", func() {
		listener.Join(memstream.NewListener(nil), nil)
	})
}

func TestJoinedServesAllAndClosesAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := memstream.NewListener(nil), memstream.NewListener(nil)
		j := listener.Join(a, b)
		require.PanicsWithValue(t, "listener: Serve with a nil handler", func() { _ = j.Serve(t.Context(), nil) })
		var active atomic.Int32
		ended := start(t.Context(), j, func(ctx context.Context, _ abc.Stream) {
			active.Add(1)
			time.Sleep(time.Second)
			if ctx.Err() == nil {
				active.Add(-1)
			}
		})
		dialMem(t, a)
		dialMem(t, b)
		dialMem(t, b)
		synctest.Wait()
		require.EqualValues(t, 3, active.Load())
		requireOpError(t, j.Serve(t.Context(), untilCtxDone), "serve", abc.ErrBusy)

		begun := time.Now()
		require.NoError(t, j.Close(t.Context()))
		require.Equal(t, time.Second, time.Since(begun))
		require.Zero(t, active.Load(), "the handlers were cancelled")
		synctest.Wait()
		requireEnded(t, ended, abc.ErrClosed)
		for _, l := range []*memstream.Listener{a, b} {
			_, err := l.Dial(t.Context())
			require.ErrorIs(t, err, abc.ErrClosed)
		}
		requireOpError(t, j.Serve(t.Context(), untilCtxDone), "serve", abc.ErrClosed)
		require.NoError(t, j.Close(t.Context()))
	})
}

// One listener has nothing to drain and so its Serve ends before the others'.
func TestCloseOfJoinedLetsTheHandlersOfOneOutlastTheOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		idle, busy := memstream.NewListener(nil), memstream.NewListener(nil)
		j := listener.Join(idle, busy)
		var cancelled atomic.Bool
		ended := start(t.Context(), j, func(ctx context.Context, _ abc.Stream) {
			time.Sleep(time.Second)
			cancelled.Store(ctx.Err() != nil)
		})
		dialMem(t, busy)
		synctest.Wait()
		require.NoError(t, j.Close(t.Context()))
		require.False(t, cancelled.Load())
		requireEndedSoon(t, ended, abc.ErrClosed)
	})
}

func requireEndedSoon(t *testing.T, ended chan any, target error) {
	t.Helper()
	synctest.Wait()
	requireEnded(t, ended, target)
}

func TestForcefulCloseOfJoinedReachesAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := memstream.NewListener(nil), memstream.NewListener(nil)
		j := listener.Join(a, b)
		ended := start(t.Context(), j, untilCtxDone)
		x, y := dialMem(t, a), dialMem(t, b)
		synctest.Wait()
		graceful := make(chan error, 1)
		go func() { graceful <- j.Close(t.Context()) }()
		synctest.Wait()
		require.NoError(t, closeutil.CloseForcefully(j))
		requirePeerClosed(t, x)
		requirePeerClosed(t, y)
		requireOpError(t, <-graceful, "close", abc.ErrClosed)
		requireEndedSoon(t, ended, abc.ErrClosed)
	})
}

func TestJoinedEndsWithItsContextAndIsServedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := memstream.NewListener(nil), memstream.NewListener(nil)
		j := listener.Join(a, b)
		for range 2 {
			why := errors.New("why")
			ctx, cancel := context.WithCancelCause(t.Context())
			ended := start(ctx, j, untilCtxDone)
			dialMem(t, a)
			synctest.Wait()
			requireRunning(t, ended)
			cancel(why)
			synctest.Wait()
			err := (<-ended).(error)
			requireOpError(t, err, "serve", context.Canceled)
			require.ErrorIs(t, err, why)
			requireOpError(t, j.Serve(ctx, untilCtxDone), "serve", why)
		}
		require.NoError(t, j.Close(t.Context()))
	})
}

func TestJoinOfNothingServesUntilItEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := listener.Join()
		ctx, cancel := context.WithCancel(t.Context())
		ended := start(ctx, j, untilCtxDone)
		synctest.Wait()
		requireRunning(t, ended)
		cancel()
		requireEndedSoon(t, ended, context.Canceled)
		ended = start(t.Context(), j, untilCtxDone)
		synctest.Wait()
		require.NoError(t, j.Close(t.Context()))
		requireEndedSoon(t, ended, abc.ErrClosed)
	})
}

func TestFailureOfOneListenerEndsTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		boom := errors.New("boom")
		broken := &brokenListener{fail: make(chan struct{}), err: boom}
		plain := &brokenListener{fail: make(chan struct{})} // returns a bare ctx.Err()
		mem := memstream.NewListener(nil)
		j := listener.Join(mem, plain, broken)
		ended := start(t.Context(), j, func(ctx context.Context, _ abc.Stream) {
			<-ctx.Done()
			time.Sleep(time.Second)
		})
		client := dialMem(t, mem)
		synctest.Wait()
		close(broken.fail)
		synctest.Wait()
		requireRunning(t, ended) // awaits the handler
		time.Sleep(time.Second)
		synctest.Wait()
		err := (<-ended).(error)
		requireOpError(t, err, "serve", boom)
		require.NotErrorIs(t, err, context.Canceled) // that was us
		require.EqualError(t, err, "listener: serve: boom")
		requirePeerClosed(t, client)
		dialMem(t, mem) // it is open
		require.NoError(t, j.Close(t.Context()))
	})
}

func TestListenerThatWasClosedOnItsOwnEndsJoined(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := memstream.NewListener(nil), memstream.NewListener(nil)
		j := listener.Join(a, b)
		ended := start(t.Context(), j, untilCtxDone)
		dialMem(t, b)
		synctest.Wait()
		require.NoError(t, a.Close(t.Context()))
		requireEndedSoon(t, ended, abc.ErrClosed)
		require.NoError(t, j.Close(t.Context()))
	})
}

func TestErrorsOfSeveralListenersAreJoined(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fail := make(chan struct{})
		one := &brokenListener{fail: fail, err: errors.New("one"), closeErr: errors.New("close one")}
		two := &brokenListener{fail: fail, err: errors.New("two"), closeErr: errors.New("close two")}
		mem := memstream.NewListener(nil)
		j := listener.Join(one, two, mem)
		ended := start(t.Context(), j, untilCtxDone)
		close(fail)
		err := (<-ended).(error)
		// The slower one may have been cancelled already.
		require.True(t, errors.Is(err, one.err) || errors.Is(err, two.err))
		require.NotErrorIs(t, err, context.Canceled)

		err = j.Close(t.Context())
		requireOpError(t, err, "close", one.closeErr)
		require.ErrorIs(t, err, two.closeErr)
		_, dialErr := mem.Dial(t.Context())
		require.ErrorIs(t, dialErr, abc.ErrClosed)
		require.NoError(t, j.Close(t.Context()))
	})
}

func TestPanicThroughJoined(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mem, quiet := memstream.NewListener(nil), memstream.NewListener(nil)
		j := listener.Join(quiet, mem)
		ended := start(t.Context(), j, func(ctx context.Context, s abc.Stream) {
			if _, err := s.ReceiveSome(ctx, make([]byte, 1)); err == nil {
				panic("boom")
			}
			time.Sleep(time.Second)
		})
		dialMem(t, quiet)
		synctest.Wait()
		requirePeerOpen(t, dialMem(t, mem))
		synctest.Wait()
		requireRunning(t, ended)
		time.Sleep(time.Second)
		p := (<-ended).(*abc.HandlerPanic)
		require.Equal(t, "boom", p.Value)
		require.Contains(t, string(p.Stack), "TestPanicThroughJoined")
		require.NoError(t, j.Close(t.Context()))

		// A listener that panics by itself.
		broken := &brokenListener{fail: make(chan struct{}), err: errors.New("own"), panics: true}
		close(broken.fail)
		j = listener.Join(broken, memstream.NewListener(nil))
		require.Equal(t, broken.err, (<-start(t.Context(), j, untilCtxDone)).(*abc.HandlerPanic).Value)
		require.NoError(t, j.Close(t.Context()))
	})
}

type exitingListener struct{ *brokenListener }

func (exitingListener) Serve(context.Context, abc.Handler) error {
	runtime.Goexit()
	return nil
}

func TestListenersThatEndStrangelyEndJoined(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		returnsNil := &brokenListener{fail: make(chan struct{})}
		close(returnsNil.fail)
		for _, l := range []abc.Listener{returnsNil, exitingListener{&brokenListener{}}} {
			err := listener.Join(memstream.NewListener(nil), l).Serve(t.Context(), untilCtxDone)
			require.ErrorContains(t, err, "listener 1")
		}
	})
}
