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

// newWatcher returns a Watcher, and what deadlines were set.
func newWatcher(t *testing.T) (*Watcher, *[]time.Time) {
	w := &Watcher{}
	var set []time.Time
	w.Set = func(d time.Time) error {
		if w.mu.TryLock() {
			w.mu.Unlock()
			t.Error("a deadline was set without the lock")
		}
		set = append(set, d)
		return nil
	}
	return w, &set
}

func operation(t *testing.T, w *Watcher, ctx context.Context) {
	require.NoError(t, w.Arm(ctx))
	require.False(t, w.Disarm())
}

func TestWatcherWakesAndTakesTheDeadlineAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, set := newWatcher(t)
		ctx, cancel := context.WithCancel(bg)
		operation(t, w, ctx)
		require.NoError(t, w.Arm(ctx))
		cancel()
		synctest.Wait()
		require.Equal(t, []time.Time{longAgo}, *set)
		require.True(t, w.Disarm())
		require.Equal(t, []time.Time{longAgo, {}}, *set)
		require.Nil(t, w.spare, "its callback ran")
		require.Nil(t, w.current, "it is of no use any more")
		operation(t, w, bg)
	})
}

func TestWatcherKeepsARegistrationFromTheSecondTimeOn(t *testing.T) {
	w, _ := newWatcher(t)
	ctx, cancel := newCounting()
	defer cancel()
	for i, want := range []struct{ total, live int32 }{{1, 0}, {2, 1}, {2, 1}, {2, 1}} {
		operation(t, w, ctx)
		require.Equal(t, want.total, ctx.total.Load(), "after %d", i)
		require.Equal(t, want.live, ctx.live.Load(), "after %d", i)
	}
	other, cancelOther := newCounting()
	defer cancelOther()
	operation(t, w, other)
	require.Zero(t, ctx.live.Load(), "one at a time")
	require.Zero(t, other.live.Load())
}

func TestWatcherLetsGoOfAContextOnClose(t *testing.T) {
	for name, waiting := range map[string]bool{"between operations": false, "while one waits": true} {
		t.Run(name, func(t *testing.T) {
			w, set := newWatcher(t)
			ctx, cancel := newCounting()
			defer cancel()
			for range 3 {
				operation(t, w, ctx)
			}
			if waiting {
				require.NoError(t, w.Arm(ctx))
			}
			w.Close()
			require.Zero(t, ctx.live.Load())
			require.Equal(t, waiting, w.Disarm())
			require.Equal(t, waiting, len(*set) == 1, "Close wakes, and the deadline stays")
			require.Equal(t, abc.ErrClosed, w.Arm(ctx))
			require.Zero(t, ctx.live.Load())
			require.Nil(t, w.last)
			require.Nil(t, w.spare)
		})
	}
}

func TestWatcherCloseWakesAnOperationWithoutAContext(t *testing.T) {
	w, set := newWatcher(t)
	require.NoError(t, w.Arm(bg))
	w.Close()
	require.Equal(t, []time.Time{longAgo}, *set)
	w.Close()
	require.Len(t, *set, 1)
}

// The callback of an operation that has ended has been started, and runs only
// later: between operations, or while the next one waits.
func TestWatcherLateCallbackDoesNothing(t *testing.T) {
	for name, next := range map[string]context.Context{"background": bg, "another context": t.Context()} {
		t.Run(name, func(t *testing.T) {
			for before := range 3 { // what is kept from the second time on
				w, set := newWatcher(t)
				ctx, cancel := newCounting()
				defer cancel()
				for range before {
					operation(t, w, ctx)
				}
				require.NoError(t, w.Arm(ctx))
				late := w.current
				late.stop = func() bool { return false }
				w.Disarm()
				late.fire()
				require.Empty(t, *set, "nothing waits")
				require.NoError(t, w.Arm(next))
				late.fire()
				require.Empty(t, *set, "another one waits")
				require.False(t, w.Disarm())
			}
		})
	}
}

// A registration whose callback has been started is not used again: it may run
// at any time.
func TestWatcherReusesOnlyWhatCanNotRunAnyMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, set := newWatcher(t)
		operation(t, w, t.Context())
		first := w.spare
		require.NotNil(t, first)

		ctx, cancel := context.WithCancel(bg)
		require.NoError(t, w.Arm(ctx))
		require.Same(t, first, w.current)
		w.mu.Lock() // the callback waits here
		cancel()
		w.mu.Unlock()
		w.Disarm()
		require.Nil(t, w.spare)
		synctest.Wait()
		deadlines := len(*set)

		require.NoError(t, w.Arm(t.Context()))
		require.NotSame(t, first, w.current)
		first.fire()
		require.Len(t, *set, deadlines)
		w.Disarm()
	})
}

// What was kept has fired between two operations, and done nothing, because
// none waited; so the next one has to look for itself.
func TestWatcherContextThatEndedBetweenOperations(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, set := newWatcher(t)
		ctx, cancel := context.WithCancel(bg)
		for range 3 {
			operation(t, w, ctx)
		}
		cancel()
		synctest.Wait()
		require.Empty(t, *set)
		require.ErrorIs(t, w.Arm(ctx), context.Canceled)
		require.False(t, w.waiting)
		operation(t, w, bg)
	})
}
