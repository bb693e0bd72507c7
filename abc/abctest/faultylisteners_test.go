package abctest_test

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/tributary-go/tributary/abc"
)

type listenerFault struct {
	name   string
	caught string
	make   func(l *hookedListener)
}

var listenerFaults = []listenerFault{
	{"Serve does not wait for handlers", "Serve/WaitsForHandlers", func(l *hookedListener) {
		l.serve = func(ctx context.Context, h abc.Handler) error {
			return l.Listener.Serve(ctx, func(hctx context.Context, s abc.Stream) {
				done := make(chan struct{})
				go func() {
					defer close(done)
					h(hctx, s)
				}()
				select {
				case <-done:
				case <-ctx.Done():
				}
			})
		}
	}},
	{"handlers run one after the other", "Serve/Concurrently", func(l *hookedListener) {
		l.serve = func(ctx context.Context, h abc.Handler) error {
			turn := make(chan struct{}, 1)
			return l.Listener.Serve(ctx, func(ctx context.Context, s abc.Stream) {
				select {
				case turn <- struct{}{}:
					defer func() { <-turn }()
					h(ctx, s)
				case <-ctx.Done():
				}
			})
		}
	}},
	{"the handler's context does not descend from Serve's", "Serve/HandlerContext", func(l *hookedListener) {
		l.serve = func(ctx context.Context, h abc.Handler) error {
			return l.Listener.Serve(ctx, func(_ context.Context, s abc.Stream) { h(context.Background(), s) })
		}
	}},
	{"a second Serve waits", "Serve/Busy", func(l *hookedListener) {
		turn := make(chan struct{}, 1)
		l.serve = func(ctx context.Context, h abc.Handler) error {
			select {
			case turn <- struct{}{}:
				defer func() { <-turn }()
				return l.Listener.Serve(ctx, h)
			case <-ctx.Done():
				return fail(abc.ContextErr(ctx))
			}
		}
	}},
	{"Serve can be called once only", "Serve/Again", func(l *hookedListener) {
		var served atomic.Bool
		l.serve = func(ctx context.Context, h abc.Handler) error {
			if served.Swap(true) {
				return fail(abc.ErrClosed)
			}
			return l.Listener.Serve(ctx, h)
		}
	}},
	{"Serve returns nil after Close", "Close/Idle", func(l *hookedListener) {
		l.serve = func(ctx context.Context, h abc.Handler) error {
			err := l.Listener.Serve(ctx, h)
			if errors.Is(err, abc.ErrClosed) {
				return nil
			}
			return err
		}
	}},
	{"a panic is swallowed", "Panic/GoesOnInServe", func(l *hookedListener) {
		l.serve = func(ctx context.Context, h abc.Handler) error {
			return l.Listener.Serve(ctx, func(ctx context.Context, s abc.Stream) {
				defer func() { _ = recover() }()
				h(ctx, s)
			})
		}
	}},
	{"every Close is forceful", "Close/Graceful", func(l *hookedListener) {
		l.close = func(ctx context.Context) error {
			ctx, cancel := context.WithCancel(ctx)
			cancel()
			_ = l.Listener.Close(ctx)
			return nil
		}
	}},
	{"a forceful Close waits for the handlers", "Close/DoneContext", func(l *hookedListener) {
		l.close = func(ctx context.Context) error {
			_ = l.Listener.Close(context.WithoutCancel(ctx))
			return fail(abc.ContextErr(ctx))
		}
	}},
	{"a second Close fails", "Close/Unserved", func(l *hookedListener) {
		var closed atomic.Bool
		l.close = func(ctx context.Context) error {
			if closed.Swap(true) {
				return fail(abc.ErrClosed)
			}
			return l.Listener.Close(ctx)
		}
	}},
	{"Close only stops serving", "Close/WaitingConnections", func(l *hookedListener) {
		var closed atomic.Bool
		l.close = func(context.Context) error { closed.Store(true); return nil }
		l.serve = func(ctx context.Context, h abc.Handler) error {
			if closed.Load() {
				return fail(abc.ErrClosed)
			}
			return l.Listener.Serve(ctx, h)
		}
	}},
}
