package serve_test

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/internal/serve"
)

// An afterFuncer is what package watch prefers to context.AfterFunc.
type afterFuncer interface {
	context.Context
	AfterFunc(f func()) (stop func() bool)
}

// served returns the context of a handler, which has returned or runs until its
// context is done.
func served(t *testing.T, ctx context.Context, returns bool) (handlers afterFuncer, served chan error) {
	f := newFake()
	l := serve.New(f, serve.Config{})
	contexts := make(chan afterFuncer, 1)
	served = make(chan error, 1)
	go func() {
		served <- l.Serve(ctx, func(ctx context.Context, _ abc.Stream) {
			contexts <- ctx.(afterFuncer)
			if !returns {
				<-ctx.Done()
			}
		})
	}()
	client := f.connect()
	t.Cleanup(func() { client.Close(context.Background()) })
	return <-contexts, served
}

// What was registered with a handler's context is called once that ends, also if
// the handler has returned before: each in a goroutine of its own.
func TestHandlersContextCallsWhatWasRegistered(t *testing.T) {
	for name, returns := range map[string]bool{"handler runs": false, "handler has returned": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				handlers, served := served(t, ctx, returns)
				synctest.Wait()

				var called [7]atomic.Int32
				release := make(chan struct{})
				stops := make([]func() bool, len(called))
				for i := range called {
					stops[i] = handlers.AfterFunc(func() { called[i].Add(1); <-release })
				}
				for _, i := range []int{6, 5, 3, 2, 0} { // the first of the list, twice; one between, and its neighbour; the last
					require.True(t, stops[i](), i)
					require.False(t, stops[i](), i)
				}
				cancel()
				require.ErrorIs(t, <-served, context.Canceled)
				synctest.Wait()
				for i, want := range []int32{0, 1, 0, 0, 1, 0, 0} {
					require.Equal(t, want, called[i].Load(), i)
				}
				for i, stop := range stops {
					require.False(t, stop(), i)
				}
				late := make(chan struct{})
				require.False(t, handlers.AfterFunc(func() { <-release; close(late) })())
				close(release)
				<-late
			})
		})
	}
}

// What wakes the handler's operations must not wait for the handler.
func TestHandlersContextWakesItsHandler(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		l := serve.New(f, serve.Config{})
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		served := make(chan error, 1)
		go func() {
			served <- l.Serve(ctx, func(ctx context.Context, _ abc.Stream) {
				woken := make(chan struct{})
				ctx.(afterFuncer).AfterFunc(func() { close(woken) })
				<-woken
			})
		}()
		defer f.connect().Close(t.Context())
		synctest.Wait()
		cancel()
		require.ErrorIs(t, <-served, context.Canceled)
	})
}

// A Serve that ends in another way ends the context as well.
func TestEndOfServeCallsWhatWasRegistered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		l := serve.New(f, serve.Config{})
		done := make(chan struct{})
		go l.Serve(t.Context(), func(ctx context.Context, _ abc.Stream) {
			ctx.(afterFuncer).AfterFunc(func() { close(done) })
		})
		defer f.connect().Close(t.Context())
		synctest.Wait()
		require.NoError(t, l.Close(t.Context()))
		<-done
	})
}

// Each function is called or stopped, never both and never neither, whenever the
// end comes.
func TestHandlersContextEndsUnderLoad(t *testing.T) {
	for round := range 100 {
		ctx, cancel := context.WithCancel(context.Background())
		handlers, served := served(t, ctx, false)
		var called, stopped atomic.Int32
		var all, calls sync.WaitGroup
		const each, registrars = 50, 4
		calls.Add(each * registrars)
		for id := range registrars {
			rng := rand.New(rand.NewPCG(uint64(round), uint64(id)))
			all.Go(func() {
				for range each {
					stop := handlers.AfterFunc(func() { called.Add(1); calls.Done() })
					if rng.IntN(2) == 0 && stop() {
						stopped.Add(1)
						calls.Done()
					}
				}
			})
		}
		cancel()
		all.Wait()
		require.ErrorIs(t, <-served, context.Canceled)
		calls.Wait() // would panic if there were too many
		require.EqualValues(t, each*registrars, called.Load()+stopped.Load())
	}
}
