package closing_test

import (
	"context"
	"errors"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/internal/closing"
)

var errFake = errors.New("fake failure")

func cancelled() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

// untilDone is a close that is graceful when end is closed.
func untilDone(end <-chan struct{}) func(context.Context) error {
	return func(ctx context.Context) error {
		select {
		case <-end:
			return nil
		case <-ctx.Done():
			return abc.ContextErr(ctx)
		}
	}
}

func never(context.Context) error { panic("closed twice") }

func TestOnceRunsTheFirstAndReturnsItsError(t *testing.T) {
	var once closing.Once
	require.Equal(t, errFake, once.Do(t.Context(), func(context.Context) error { return errFake }))
	require.NoError(t, once.Do(t.Context(), never), "it is closed, whatever the first one returned")
	require.NoError(t, once.Do(cancelled(), never), "also for one whose context is done")
}

func TestOnceGivesTheFirstItsContext(t *testing.T) {
	type key struct{}
	ctx, cancel := context.WithCancelCause(context.WithValue(t.Context(), key{}, "value"))
	cancel(errFake)
	var once closing.Once
	err := once.Do(ctx, func(ctx context.Context) error {
		if ctx.Value(key{}) != "value" {
			return errors.New("another context")
		}
		return abc.ContextErr(ctx)
	})
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorIs(t, err, errFake)
	require.NotErrorIs(t, err, abc.ErrClosed, "nobody cut it short")
}

func TestOnceEndsTheContextThatItMade(t *testing.T) {
	var once closing.Once
	var kept context.Context
	require.NoError(t, once.Do(context.Background(), func(ctx context.Context) error { kept = ctx; return nil }))
	require.Error(t, kept.Err(), "it would leak")
}

func TestOnceLaterOnesWaitForTheFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var once closing.Once
		end := make(chan struct{})
		first, later := make(chan error, 1), make(chan error, 3)
		go func() { first <- once.Do(t.Context(), untilDone(end)) }()
		synctest.Wait()
		for range 3 {
			go func() { later <- once.Do(t.Context(), never) }()
		}
		synctest.Wait()
		require.Empty(t, first)
		require.Empty(t, later)
		close(end)
		require.NoError(t, <-first)
		for range 3 {
			require.NoError(t, <-later)
		}
	})
}

func TestOnceLaterContextCutsTheFirstShort(t *testing.T) {
	for name, before := range map[string]bool{"done before": true, "done meanwhile": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var once closing.Once
				released := false
				first, later := make(chan error, 1), make(chan error, 1)
				go func() {
					first <- once.Do(t.Context(), func(ctx context.Context) error {
						err := untilDone(nil)(ctx)
						released = true
						return err
					})
				}()
				synctest.Wait()
				ctx, cancel := context.WithCancelCause(t.Context())
				defer cancel(nil)
				if before {
					cancel(errFake)
				}
				go func() {
					err := once.Do(ctx, never)
					if !released {
						err = errors.New("returned before the resource was released")
					}
					later <- err
				}()
				synctest.Wait()
				cancel(errFake)

				err := <-first
				require.ErrorIs(t, err, abc.ErrClosed)
				require.ErrorIs(t, err, net.ErrClosed)
				require.NotErrorIs(t, err, context.Canceled, "not of its own context")
				require.NotErrorIs(t, err, errFake, "a context affects its own operation only")
				require.EqualError(t, err, "cut short by a forceful Close")

				err = <-later
				require.ErrorIs(t, err, context.Canceled)
				require.ErrorIs(t, err, errFake)
				require.NoError(t, once.Do(t.Context(), never))
			})
		})
	}
}

func TestOnceThatIsCutShortReportsRealErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, tt := range []struct {
			name      string
			f         func(ctx context.Context) error
			want, not error
		}{
			{"the cut did no harm", func(ctx context.Context) error { return nil }, nil, nil},
			{"real error alone", func(ctx context.Context) error { return errFake }, errFake, context.Canceled},
			{"joined", func(ctx context.Context) error { return errors.Join(abc.ContextErr(ctx), errFake) }, errFake, context.Canceled},
		} {
			var once closing.Once
			first := make(chan error, 1)
			go func() {
				first <- once.Do(t.Context(), func(ctx context.Context) error {
					<-ctx.Done()
					return tt.f(ctx)
				})
			}()
			synctest.Wait()
			require.ErrorIs(t, once.Do(cancelled(), never), context.Canceled, tt.name)
			err := <-first
			if tt.want == nil {
				require.NoError(t, err, tt.name)
				continue
			}
			require.ErrorIs(t, err, tt.want, tt.name)
			require.ErrorIs(t, err, abc.ErrClosed, tt.name)
			require.NotErrorIs(t, err, tt.not, tt.name)
		}
	})
}

// A stack of stacks: the inner one is not cut short, its context is done.
func TestOnceInsideOnceThatIsCutShort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var outer, inner closing.Once
		var innerErr error
		first := make(chan error, 1)
		go func() {
			first <- outer.Do(t.Context(), func(ctx context.Context) error {
				innerErr = inner.Do(ctx, untilDone(nil))
				return innerErr
			})
		}()
		synctest.Wait()
		require.ErrorIs(t, outer.Do(cancelled(), never), context.Canceled)
		require.EqualError(t, <-first, "cut short by a forceful Close")
		require.ErrorIs(t, innerErr, context.Canceled)
	})
}

func TestOnceIsDoneWhenTheFirstPanicsOrExits(t *testing.T) {
	var once closing.Once
	require.PanicsWithValue(t, "boom", func() {
		_ = once.Do(t.Context(), func(context.Context) error { panic("boom") })
	})
	require.NoError(t, once.Do(t.Context(), never), "and nobody waits for ever")

	var exits closing.Once
	var wg sync.WaitGroup
	wg.Go(func() {
		_ = exits.Do(context.Background(), func(context.Context) error { runtime.Goexit(); return nil })
	})
	wg.Wait()
	require.NoError(t, exits.Do(t.Context(), never))
}

func TestOnceStress(t *testing.T) {
	for round := range 300 {
		var (
			once closing.Once
			wg   sync.WaitGroup
			runs atomic.Int32
			bad  atomic.Pointer[error]
		)
		for i := range 8 {
			forceful := (i+round)%3 == 0
			wg.Go(func() {
				ctx := context.Background()
				if forceful {
					ctx = cancelled()
				}
				err := once.Do(ctx, func(ctx context.Context) error {
					runs.Add(1)
					<-ctx.Done()
					return abc.ContextErr(ctx)
				})
				// Forceful: nil or its own context's error. Graceful: nil, or cut short.
				if forceful && errors.Is(err, abc.ErrClosed) || !forceful && errors.Is(err, context.Canceled) {
					bad.Store(&err)
				}
			})
		}
		wg.Wait()
		require.EqualValues(t, 1, runs.Load())
		require.Nil(t, bad.Load())
	}
}
