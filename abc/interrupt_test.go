package abc_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
)

// deadlines records the calls of a SetDeadline, each of which takes a while.
type deadlines struct {
	mu    sync.Mutex
	calls []time.Time
	took  time.Duration
}

func (d *deadlines) set(t time.Time) error {
	time.Sleep(d.took) // in a bubble
	d.mu.Lock()
	defer d.mu.Unlock()
	d.calls = append(d.calls, t)
	return nil
}

func (d *deadlines) seen() []time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]time.Time(nil), d.calls...)
}

func TestInterruptSetsADeadlineInThePastAndClearsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d deadlines
		ctx, cancel := context.WithCancel(t.Context())
		release := abc.Interrupt(ctx, d.set)
		synctest.Wait()
		require.Empty(t, d.seen(), "before the context ends")
		cancel()
		synctest.Wait()
		require.Len(t, d.seen(), 1)
		require.True(t, d.seen()[0].Before(time.Now()))
		require.False(t, d.seen()[0].IsZero(), "which would mean none")
		release()
		require.Equal(t, time.Time{}, d.seen()[1])
	})
}

func TestInterruptLeavesNothingBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d deadlines
		ctx, cancel := context.WithCancel(t.Context())
		abc.Interrupt(ctx, d.set)()
		cancel()
		synctest.Wait()
		require.Empty(t, d.seen(), "of a call that returned before its context ended")
	})
}

// The call returned just as its context ended: the deadline is on its way.
func TestInterruptWaitsForTheDeadlineThatIsOnItsWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := deadlines{took: time.Second}
		ctx, cancel := context.WithCancel(t.Context())
		release := abc.Interrupt(ctx, d.set)
		cancel()
		synctest.Wait() // it has begun to set one
		require.Empty(t, d.seen())
		release()
		require.Len(t, d.seen(), 2)
		require.Equal(t, time.Time{}, d.seen()[1], "the last one")
	})
}

func TestInterruptOfWhatNeverEndsAllocatesNothing(t *testing.T) {
	var d deadlines
	set := d.set
	require.Zero(t, testing.AllocsPerRun(100, func() { abc.Interrupt(context.Background(), set)() }))
	require.Empty(t, d.seen())
}
