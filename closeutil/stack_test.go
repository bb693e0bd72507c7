package closeutil_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/closeutil"
)

// notes returns a maker of resources that note their names when they are
// closed.
func notes(log *[]string) func(name string, err error) abc.AsyncResource {
	return func(name string, err error) abc.AsyncResource {
		return closeFunc(func(ctx context.Context) error {
			if ctx.Err() != nil {
				name += "!"
			}
			*log = append(*log, name)
			return err
		})
	}
}

func TestStackZeroValueIsEmpty(t *testing.T) {
	var stack closeutil.Stack
	require.NoError(t, stack.Close(t.Context()))
	require.NoError(t, stack.Close(cancelled()))
}

func TestStackClosesTheLastFirst(t *testing.T) {
	for ctx, want := range map[context.Context][]string{
		context.Background(): {"c", "b", "a"},
		cancelled():          {"c!", "b!", "a!"},
	} {
		var log []string
		note := notes(&log)
		var stack closeutil.Stack
		stack.Push(note("a", nil))
		stack.PushFunc(note("b", nil).Close)
		stack.Push(note("c", nil))
		require.NoError(t, stack.Close(ctx))
		require.Equal(t, want, log)
		require.NoError(t, stack.Close(ctx))
		require.Equal(t, want, log, "once")
	}
}

func TestStackClosesEachThoughOneFails(t *testing.T) {
	errA, errC := errors.New("a failed"), errors.New("c failed")
	var log []string
	note := notes(&log)
	var stack closeutil.Stack
	stack.Push(note("a", errA))
	stack.Push(note("b", nil))
	stack.Push(note("c", errC))
	err := stack.Close(t.Context())
	require.ErrorIs(t, err, errA)
	require.ErrorIs(t, err, errC)
	require.EqualError(t, err, "closeutil: close: c failed\na failed")
	require.Equal(t, []string{"c", "b", "a"}, log)
	require.NoError(t, stack.Close(t.Context()), "closed, and reported once")
}

func TestStackClosesEachThoughOnePanics(t *testing.T) {
	var log []string
	note := notes(&log)
	var stack closeutil.Stack
	stack.Push(note("a", nil))
	stack.PushFunc(func(context.Context) error { panic("boom") })
	stack.Push(note("c", nil))
	require.PanicsWithValue(t, "boom", func() { _ = stack.Close(t.Context()) })
	require.Equal(t, []string{"c", "a"}, log)
	require.NoError(t, stack.Close(t.Context()))
}

func TestStackReleaseMovesEverything(t *testing.T) {
	var log []string
	note := notes(&log)
	var stack closeutil.Stack
	stack.Push(note("a", nil))
	stack.Push(note("b", nil))
	released := stack.Release()
	stack.Push(note("own", nil))
	require.NoError(t, stack.Close(t.Context()))
	require.Equal(t, []string{"own"}, log)
	released.Push(note("c", nil))
	require.NoError(t, released.Close(t.Context()))
	require.Equal(t, []string{"own", "c", "b", "a"}, log)
	require.NoError(t, stack.Release().Close(t.Context()), "of a closed stack: nothing")
}

func TestStackPushAfterCloseClosesForcefully(t *testing.T) {
	var log []string
	note := notes(&log)
	var stack closeutil.Stack
	require.NoError(t, stack.Close(t.Context()))
	stack.Push(note("a", errFake))
	require.Equal(t, []string{"a!"}, log)
	stack.PushFunc(note("b", nil).Close)
	require.Equal(t, []string{"a!", "b!"}, log)
	require.NoError(t, stack.Close(t.Context()))
	require.Len(t, log, 2)
}

func TestStackPushWhileItClosesClosesForcefully(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		end := make(chan struct{})
		var stack closeutil.Stack
		stack.PushFunc(func(context.Context) error { <-end; return nil })
		closed := make(chan error, 1)
		go func() { closed <- stack.Close(t.Context()) }()
		synctest.Wait()
		var log []string
		stack.Push(notes(&log)("late", nil))
		require.Equal(t, []string{"late!"}, log)
		close(end)
		require.NoError(t, <-closed)
	})
}

func TestStackPushOfNilPanics(t *testing.T) {
	var stack closeutil.Stack
	require.Panics(t, func() { stack.Push(nil) })
	require.Panics(t, func() { stack.PushFunc(nil) })
}

func TestStackForcefulCloseCutsAGracefulOneShort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log []string
		note := notes(&log)
		var stack closeutil.Stack
		stack.Push(note("a", errFake))
		stack.Push(endless)
		stack.Push(note("c", nil))
		first, second := make(chan error, 1), make(chan error, 1)
		go func() { first <- stack.Close(t.Context()) }()
		synctest.Wait()
		go func() { second <- stack.Close(t.Context()) }()
		synctest.Wait()
		require.Empty(t, first)
		require.Empty(t, second, "a second graceful one waits")

		require.NoError(t, closeutil.CloseForcefully(&stack))
		require.Equal(t, []string{"c", "a!"}, log, "what is left is closed forcefully, before that returns")
		err := <-first
		require.ErrorIs(t, err, abc.ErrClosed)
		require.ErrorIs(t, err, errFake, "a real error is not lost")
		require.NotErrorIs(t, err, context.Canceled)
		require.NoError(t, <-second)
	})
}

func TestStackOfStacks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var inner, outer closeutil.Stack
		inner.Push(endless)
		outer.Push(&inner)
		first := make(chan error, 1)
		go func() { first <- outer.Close(t.Context()) }()
		synctest.Wait()
		require.NoError(t, closeutil.CloseForcefully(&outer))
		require.EqualError(t, <-first, "closeutil: close: cut short by a forceful Close")
	})
}

func TestStackClosesEachOnceUnderConcurrency(t *testing.T) {
	for range 100 {
		var (
			stack  closeutil.Stack
			wg     sync.WaitGroup
			closed atomic.Int32
		)
		const pushers, each = 4, 5
		for range pushers {
			wg.Go(func() {
				for range each {
					stack.PushFunc(func(context.Context) error { closed.Add(1); return nil })
				}
			})
			wg.Go(func() { _ = stack.Release().Close(context.Background()) })
		}
		wg.Go(func() { _ = stack.Close(context.Background()) })
		wg.Go(func() { _ = closeutil.CloseForcefully(&stack) })
		wg.Wait()
		require.NoError(t, stack.Close(t.Context()))
		require.EqualValues(t, pushers*each, closed.Load(), "each once")
	}
}
