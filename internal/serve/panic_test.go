package serve_test

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/internal/serve"
)

func handlerThatPanics(v any) { panic(v) }

func TestPanicOfAHandlerGoesOnInServesCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &recorder{}
		l, f := newListener(t, serve.Config{Logger: slog.New(log)})
		boom := errors.New("boom")
		var n atomic.Int32
		var cause error
		ended := start(t.Context(), l, func(ctx context.Context, _ abc.Stream) {
			if n.Add(1) == 1 {
				<-ctx.Done()
				cause = context.Cause(ctx)
				time.Sleep(time.Second)
				handlerThatPanics("the second panic")
			}
			handlerThatPanics(boom)
		})
		other := f.connect()
		synctest.Wait()
		f.connect()
		synctest.Wait()
		requireRunning(t, ended) // awaits the other one
		require.EqualError(t, cause, "another handler panicked")
		time.Sleep(time.Second)
		p, ok := (<-ended).(*abc.HandlerPanic)
		require.True(t, ok)
		require.Equal(t, boom, p.Value)
		require.Contains(t, string(p.Stack), "handlerThatPanics")
		requirePeerClosed(t, other)

		// Serve can't panic with both.
		require.Len(t, log.records, 1)
		require.Equal(t, slog.LevelError, log.records[0].Level)
		logged := attrs(log.records[0])
		require.Equal(t, "the second panic", logged["panic"])
		require.Contains(t, logged["stack"], "handlerThatPanics")
		require.EqualValues(t, 2, l.Stats().Panics)

		ended = start(t.Context(), l, untilCtxDone)
		synctest.Wait()
		requireRunning(t, ended)
		require.NoError(t, l.Close(t.Context()))
	})
}

func TestPanicOfAnInnerServeIsPassedOnAsItIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, f := newListener(t, serve.Config{})
		inner := &abc.HandlerPanic{Value: "boom", Stack: []byte("where it was")}
		f.connect()
		require.Same(t, inner, <-start(t.Context(), l, func(context.Context, abc.Stream) { panic(inner) }))
	})
}

func TestOnPanicIsolatesPanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		type key struct{}
		var values []any
		var stack []byte
		l, f := newListener(t, serve.Config{MaxConns: 1, OnPanic: func(ctx context.Context, v any, s []byte) {
			values, stack = append(values, ctx.Value(key{}), v), s
		}})
		ended := start(context.WithValue(t.Context(), key{}, "ctx"), l, func(context.Context, abc.Stream) { handlerThatPanics("boom") })
		requirePeerClosedSoon(t, f)
		requirePeerClosedSoon(t, f)
		require.Equal(t, []any{"ctx", "boom", "ctx", "boom"}, values)
		require.Contains(t, string(stack), "handlerThatPanics")
		requireRunning(t, ended)
		require.NoError(t, l.Close(t.Context()))
		synctest.Wait()
		requireServeError(t, ended, abc.ErrClosed)
	})
}

func TestStreamIsClosedBeforeOnPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, f := newListener(t, serve.Config{OnPanic: func(context.Context, any, []byte) { time.Sleep(time.Second) }})
		ended := start(t.Context(), l, func(context.Context, abc.Stream) { panic("boom") })
		requirePeerClosedSoon(t, f)
		require.NoError(t, l.Close(t.Context()))
		requireServeErrorAfter(t, ended, 0, abc.ErrClosed)
	})
}

func TestPanicOfOnPanicIsNotIsolated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, f := newListener(t, serve.Config{OnPanic: func(_ context.Context, v any, _ []byte) { panic("worse") }})
		f.connect()
		p := <-start(t.Context(), l, func(context.Context, abc.Stream) { panic("boom") })
		require.Equal(t, "worse", p.(*abc.HandlerPanic).Value)
	})
}

func TestPanicDuringAGracefulCloseGoesOnToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, f := newListener(t, serve.Config{})
		ended := start(t.Context(), l, func(context.Context, abc.Stream) {
			time.Sleep(time.Second)
			panic("boom")
		})
		f.connect()
		synctest.Wait()
		require.NoError(t, l.Close(t.Context()))
		require.Equal(t, "boom", (<-ended).(*abc.HandlerPanic).Value)
	})
}
