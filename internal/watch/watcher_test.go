package watch

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
)

var bg = context.Background()

// A countingContext counts what is registered with it.
type countingContext struct {
	context.Context
	live, total atomic.Int32
}

func newCounting() (*countingContext, context.CancelFunc) {
	ctx, cancel := context.WithCancel(bg)
	return &countingContext{Context: ctx}, cancel
}

// AfterFunc is what context.AfterFunc calls, as Value hides the type.
func (c *countingContext) AfterFunc(f func()) func() bool {
	c.live.Add(1)
	c.total.Add(1)
	stop := context.AfterFunc(c.Context, f)
	return func() bool { c.live.Add(-1); return stop() }
}

func (c *countingContext) Value(any) any { return nil }

// A watched is a Watcher with its Direction, which notes what deadlines are
// set.
type watched struct {
	Watcher
	t   *testing.T
	set []time.Time
}

func newWatched(t *testing.T) *watched { return &watched{t: t} }

func (w *watched) SetDeadline(d time.Time) error {
	if w.mu.TryLock() {
		w.mu.Unlock()
		w.t.Error("a deadline was set without the lock")
	}
	w.set = append(w.set, d)
	return nil
}

func (w *watched) arm(ctx context.Context) error { return w.Arm(ctx, w) }

func (w *watched) disarm() (fired bool) { return w.Disarm(w) }

func (w *watched) close() { w.Close(w) }

func (w *watched) operation(ctx context.Context) {
	require.NoError(w.t, w.arm(ctx))
	require.False(w.t, w.disarm())
}

func TestWatcherWakesAndTakesTheDeadlineAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWatched(t)
		ctx, cancel := context.WithCancel(bg)
		w.operation(ctx)
		require.NoError(t, w.arm(ctx))
		cancel()
		synctest.Wait()
		require.Equal(t, []time.Time{longAgo}, w.set)
		require.True(t, w.disarm())
		require.Equal(t, []time.Time{longAgo, {}}, w.set)
		require.Nil(t, w.fire, "it ran")
		require.Nil(t, w.stop, "it is of no use any more")
		w.operation(bg)
	})
}

func TestWakeWakesOnlyWhatWaits(t *testing.T) {
	w := newWatched(t)
	w.Wake(w)
	w.operation(bg)
	require.Empty(t, w.set)
	require.NoError(t, w.arm(bg))
	w.Wake(w)
	w.Wake(w)
	require.Equal(t, []time.Time{longAgo}, w.set)
	require.True(t, w.disarm())
	require.Equal(t, []time.Time{longAgo, {}}, w.set)
	w.operation(bg)
}

func TestWatcherKeepsARegistrationFromTheSecondTimeOn(t *testing.T) {
	w := newWatched(t)
	ctx, cancel := newCounting()
	defer cancel()
	for i, want := range []struct{ total, live int32 }{{1, 0}, {2, 1}, {2, 1}, {2, 1}} {
		w.operation(ctx)
		require.Equal(t, want.total, ctx.total.Load(), "after %d", i)
		require.Equal(t, want.live, ctx.live.Load(), "after %d", i)
	}
	other, cancelOther := newCounting()
	defer cancelOther()
	w.operation(other)
	require.Zero(t, ctx.live.Load(), "one at a time")
	require.Zero(t, other.live.Load())
}

func TestWatcherLetsGoOfAContextOnClose(t *testing.T) {
	for name, waiting := range map[string]bool{"between operations": false, "while one waits": true} {
		t.Run(name, func(t *testing.T) {
			w := newWatched(t)
			ctx, cancel := newCounting()
			defer cancel()
			for range 3 {
				w.operation(ctx)
			}
			if waiting {
				require.NoError(t, w.arm(ctx))
			}
			w.close()
			require.Zero(t, ctx.live.Load())
			require.Equal(t, waiting, w.disarm())
			require.Equal(t, waiting, len(w.set) == 1, "Close wakes, and the deadline stays")
			require.Equal(t, abc.ErrClosed, w.arm(ctx))
			require.Zero(t, ctx.live.Load())
			require.Nil(t, w.done)
			require.Nil(t, w.fire)
		})
	}
}

func TestWatcherCloseWakesAnOperationWithoutAContext(t *testing.T) {
	w := newWatched(t)
	require.NoError(t, w.arm(bg))
	w.close()
	require.Equal(t, []time.Time{longAgo}, w.set)
	w.close()
	require.Len(t, w.set, 1)
}

// The callback of an operation that has ended has been started, and runs only
// later: between operations, or while the next one waits.
func TestWatcherLateCallbackDoesNothing(t *testing.T) {
	for name, next := range map[string]context.Context{"background": bg, "another context": t.Context()} {
		t.Run(name, func(t *testing.T) {
			for before := range 3 { // what is kept from the second time on
				w := newWatched(t)
				ctx, cancel := newCounting()
				defer cancel()
				for range before {
					w.operation(ctx)
				}
				require.NoError(t, w.arm(ctx))
				late, stop := w.fire, w.stop
				w.stop = func() bool { stop(); return false } // it has been started
				w.disarm()
				late()
				require.Empty(t, w.set, "nothing waits")
				require.NoError(t, w.arm(next))
				late()
				require.Empty(t, w.set, "another one waits")
				require.False(t, w.disarm())
			}
		})
	}
}

// A callback that has been started is not registered again: it may run at any
// time, and then it would be taken for the new one.
func TestWatcherReusesOnlyWhatCanNotRunAnyMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWatched(t)
		w.operation(t.Context())
		require.NotNil(t, w.fire)
		epoch := w.epoch
		other, cancelOther := context.WithCancel(bg)
		defer cancelOther()
		w.operation(other)
		require.Equal(t, epoch, w.epoch, "the callback was used again")

		ctx, cancel := context.WithCancel(bg)
		require.NoError(t, w.arm(ctx))
		first := w.fire
		w.mu.Lock() // the callback waits here
		cancel()
		w.mu.Unlock()
		w.disarm()
		require.Nil(t, w.fire)
		synctest.Wait()
		deadlines := len(w.set)

		require.NoError(t, w.arm(t.Context()))
		first()
		require.Len(t, w.set, deadlines)
		w.disarm()
	})
}

// What was kept has fired between two operations, and done nothing, because
// none waited; so the next one has to look for itself.
func TestWatcherContextThatEndedBetweenOperations(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWatched(t)
		ctx, cancel := context.WithCancel(bg)
		for range 3 {
			w.operation(ctx)
		}
		cancel()
		synctest.Wait()
		require.Empty(t, w.set)
		require.ErrorIs(t, w.arm(ctx), context.Canceled)
		require.False(t, w.waiting)
		w.operation(bg)
	})
}
