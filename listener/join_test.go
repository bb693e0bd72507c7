package listener_test

import (
	"context"
	"errors"
	"log/slog"
	"reflect"
	"runtime"
	"sync/atomic"
	"syscall"
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

func TestFailureOfOneListenerClosesTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		boom, rude := errors.New("boom"), errors.New("not closed well")
		broken := &brokenListener{fail: make(chan struct{}), err: boom}
		plain := &brokenListener{fail: make(chan struct{}), closeErr: rude} // returns a bare ctx.Err()
		mem := memstream.NewListener(nil)
		j := listener.Join(mem, plain, broken)
		var cause error
		ended := start(t.Context(), j, func(ctx context.Context, s abc.Stream) {
			<-ctx.Done()
			cause = context.Cause(ctx)
			time.Sleep(time.Second)
			_ = s.SendAll(context.Background(), []byte("bye"))
			_ = s.Close(context.Background())
		})
		client := dialMem(t, mem)
		synctest.Wait()
		close(broken.fail)
		synctest.Wait()
		requireRunning(t, ended) // awaits the handler
		require.EqualError(t, cause, "the listener failed: boom")
		_, err := mem.Dial(t.Context())
		require.ErrorIs(t, err, abc.ErrClosed, "at once, so that nobody waits for a server that is down")
		got, err := receiveAll(t.Context(), client)
		require.NoError(t, err)
		require.Equal(t, "bye", got, "the stream is left to the handler")
		synctest.Wait()
		err = (<-ended).(error)
		requireOpError(t, err, "serve", boom)
		require.ErrorIs(t, err, rude)
		require.NotErrorIs(t, err, context.Canceled) // that was us
		require.NotErrorIs(t, err, abc.ErrClosed)
		require.EqualError(t, err, "listener: serve: boom\nnot closed well")
		requireOpError(t, j.Serve(t.Context(), untilCtxDone), "serve", abc.ErrClosed)
	})
}

// A Close that comes during that is like any other.
func TestForcefulCloseOfJoinedThatHasFailed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := &brokenListener{fail: make(chan struct{}), err: errors.New("boom")}
		mem := memstream.NewListener(nil)
		j := listener.Join(mem, broken)
		proceed := make(chan struct{})
		ended := start(t.Context(), j, func(context.Context, abc.Stream) { <-proceed })
		client := dialMem(t, mem)
		synctest.Wait()
		close(broken.fail)
		synctest.Wait()
		requirePeerOpen(t, client)
		require.NoError(t, closeutil.CloseForcefully(j))
		requirePeerClosed(t, client)
		requireRunning(t, ended)
		close(proceed)
		requireOpError(t, (<-ended).(error), "serve", broken.err)
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
		one := &brokenListener{fail: fail, err: errors.New("one")}
		two := &brokenListener{fail: fail, err: errors.New("two")}
		j := listener.Join(one, two, memstream.NewListener(nil))
		ended := start(t.Context(), j, untilCtxDone)
		close(fail)
		err := (<-ended).(error)
		// The slower one may have been cancelled already.
		require.True(t, errors.Is(err, one.err) || errors.Is(err, two.err))
		require.NotErrorIs(t, err, context.Canceled)

		// One that fails when it is told to stop.
		late := lateFailure{&brokenListener{fail: make(chan struct{}), err: errors.New("late")}}
		j = listener.Join(one, late)
		err = j.Serve(t.Context(), untilCtxDone)
		require.ErrorIs(t, err, one.err)
		require.ErrorIs(t, err, late.err)
	})
}

// A listener that hears of Close only says what we did to it.
func TestJoinedDoesNotReportTheClosingThatAFailureCaused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := &brokenListener{fail: make(chan struct{}), err: errors.New("boom")}
		close(broken.fail)
		err := listener.Join(broken, untilClosed{make(chan struct{})}).Serve(t.Context(), untilCtxDone)
		require.EqualError(t, err, "listener: serve: boom")
	})
}

// untilClosed's Serve does not look at its ctx.
type untilClosed struct{ closed chan struct{} }

func (l untilClosed) Serve(context.Context, abc.Handler) error { <-l.closed; return abc.ErrClosed }
func (l untilClosed) Close(context.Context) error              { close(l.closed); return nil }

// lateFailure's Serve fails when its ctx is done.
type lateFailure struct{ *brokenListener }

func (l lateFailure) Serve(ctx context.Context, _ abc.Handler) error {
	<-ctx.Done()
	return l.err
}

func TestJoinedClosesEachAlsoWhenOneFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		one := &brokenListener{closeErr: errors.New("close one")}
		two := &brokenListener{closeErr: errors.New("close two")}
		mem := memstream.NewListener(nil)
		j := listener.Join(one, two, mem)
		err := j.Close(t.Context())
		requireOpError(t, err, "close", one.closeErr)
		require.ErrorIs(t, err, two.closeErr)
		_, dialErr := mem.Dial(t.Context())
		require.ErrorIs(t, dialErr, abc.ErrClosed)
	})
}

// All have the same time, and it is one time.
func TestJoinedClosesAllWithinOneContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ls []abc.Listener
		for range 5 {
			ls = append(ls, memstream.NewListener(nil))
		}
		j := listener.Join(ls...)
		ended := start(t.Context(), j, untilCtxDone)
		for _, l := range ls {
			dialMem(t, l.(*memstream.Listener))
		}
		synctest.Wait()
		begun := time.Now()
		err := closeutil.CloseWithin(t.Context(), j, time.Second)
		requireOpError(t, err, "close", context.DeadlineExceeded)
		require.Equal(t, time.Second, time.Since(begun))
		requireEndedSoon(t, ended, abc.ErrClosed)
		require.NoError(t, j.Close(t.Context()))
	})
}

func TestHandlersOfDifferentListenersCloseTheirJoined(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := memstream.NewListener(nil), memstream.NewListener(nil)
		j := listener.Join(listener.Join(a), b)
		closed := make(chan error, 2)
		ended := start(t.Context(), j, func(ctx context.Context, s abc.Stream) {
			_, _ = s.ReceiveSome(ctx, make([]byte, 1))
			closed <- j.Close(ctx)
		})
		x, y := dialMem(t, a), dialMem(t, b)
		synctest.Wait()
		require.NoError(t, x.SendAll(t.Context(), []byte("x")))
		synctest.Wait()
		require.Empty(t, closed, "waits for the other one")
		require.NoError(t, y.SendAll(t.Context(), []byte("y")))
		require.NoError(t, <-closed)
		require.NoError(t, <-closed)
		requireEndedSoon(t, ended, abc.ErrClosed)
	})
}

// withoutStats is a listener of somebody else's.
type withoutStats struct{ abc.Listener }

// layer is a listener over another one, as that of tlsstream.
type layer struct{ withoutStats }

func (l layer) Unwrap() abc.AsyncResource { return l.Listener }

func TestStatsOfJoinedAreTheSum(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var acceptors []*chanAcceptor
		newOne := func() *listener.Listener {
			a := newChanAcceptor()
			acceptors = append(acceptors, a)
			return listener.New(a, &listener.Options{
				Logger:  slog.New(slog.DiscardHandler),
				OnPanic: func(context.Context, any, []byte) {},
			})
		}
		j := listener.Join(listener.Join(newOne()), layer{withoutStats{newOne()}}, withoutStats{newOne()}, listener.Join())
		ended := start(t.Context(), j, func(ctx context.Context, s abc.Stream) {
			var p [1]byte
			_, _ = s.ReceiveSome(ctx, p[:])
			switch p[0] {
			case 'p':
				panic("boom")
			case 'd':
				time.Sleep(time.Second)
			default:
				time.Sleep(time.Hour)
			}
		})
		for _, a := range acceptors {
			a.errs <- syscall.EMFILE
			a.errs <- syscall.EPROTO
			for _, kind := range "pdff" {
				client, s := memstream.Pair(nil)
				require.NoError(t, client.SendAll(t.Context(), []byte{byte(kind)}))
				a.incoming <- s
			}
		}
		time.Sleep(500 * time.Millisecond)
		synctest.Wait()
		want := abc.ListenerStats{Accepted: 4, Active: 3, AcceptErrors: 2, BackOffs: 1, Panics: 1}
		require.Equal(t, twice(want), j.Stats())
		require.Error(t, closeutil.CloseWithin(t.Context(), j, time.Minute))
		<-ended
		want = abc.ListenerStats{Accepted: 4, AcceptErrors: 2, BackOffs: 1, Panics: 1, Drained: 1, Forced: 2}
		require.Equal(t, twice(want), j.Stats())
		require.Zero(t, listener.Join().Stats())
		s, ok := abc.StatsOf(layer{withoutStats{j}})
		require.True(t, ok)
		require.Equal(t, j.Stats(), s)
		_, ok = abc.StatsOf(withoutStats{j})
		require.False(t, ok)
	})
}

// twice adds up two listeners with the same numbers.
func twice(s abc.ListenerStats) abc.ListenerStats {
	v := reflect.ValueOf(&s).Elem()
	for i := range v.NumField() {
		v.Field(i).SetInt(2 * v.Field(i).Int())
	}
	return s
}

func TestPanicThroughJoined(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mem, quiet := memstream.NewListener(nil), memstream.NewListener(nil)
		idle := memstream.NewListener(nil) // has no handler that could panic too
		j := listener.Join(quiet, mem, idle)
		ended := start(t.Context(), j, func(ctx context.Context, s abc.Stream) {
			if _, err := s.ReceiveSome(ctx, make([]byte, 1)); err == nil {
				panic("boom")
			}
			time.Sleep(time.Second)
			panic("a later one")
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
		for _, l := range []*memstream.Listener{mem, quiet, idle} {
			dialMem(t, l) // it is open
		}
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
