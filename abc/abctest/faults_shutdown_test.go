package abctest_test

import (
	"context"
	"sync/atomic"

	"github.com/tributary-go/tributary/abc"
)

var shutdownFaults = []listenerFault{
	{name: "a second Close fails", caught: "Close/Unserved", make: func(l *hookedListener) {
		var closed atomic.Bool
		l.close = func(ctx context.Context) error {
			if closed.Swap(true) {
				return fail(abc.ErrClosed)
			}
			return l.Listener.Close(ctx)
		}
	}},
	{name: "a forceful Close is an error", caught: "Close/UnservedForcefully", make: func(l *hookedListener) {
		l.close = func(ctx context.Context) error {
			if err := l.Listener.Close(ctx); ctx.Err() == nil {
				return err
			}
			return fail(abc.ErrBroken)
		}
	}},
	{name: "Serve returns nil after Close", caught: "Close/Idle", make: func(l *hookedListener) {
		l.onServe(abc.ErrClosed, isHidden)
	}},
	{name: "every Close is forceful", caught: "Close/Graceful", make: func(l *hookedListener) {
		l.close = func(ctx context.Context) error {
			ctx, cancel := context.WithCancel(ctx)
			cancel()
			_ = l.Listener.Close(ctx)
			return nil
		}
	}},
	{name: "Close goes on accepting until the handlers have returned", caught: "Close/Graceful", hangs: true, make: func(l *hookedListener) {
		idle := make(chan struct{}, 1)
		l.onHandler(func(ctx context.Context, s abc.Stream, h abc.Handler) {
			h(ctx, s)
			select {
			case idle <- struct{}{}:
			default:
			}
		})
		l.close = func(ctx context.Context) error {
			select {
			case <-idle:
			case <-ctx.Done():
			}
			return l.Listener.Close(ctx)
		}
	}},
	{name: "a graceful Close cancels the handlers", caught: "Close/Graceful", make: func(l *hookedListener) {
		closing, cancelAll := context.WithCancel(context.Background())
		l.onHandler(func(ctx context.Context, s abc.Stream, h abc.Handler) {
			ctx, cancel := context.WithCancel(ctx)
			defer cancel()
			defer context.AfterFunc(closing, cancel)()
			h(ctx, s)
		})
		l.close = func(ctx context.Context) error {
			cancelAll()
			return l.Listener.Close(ctx)
		}
	}},
	{name: "a forceful Close waits for the handlers", caught: "Close/DoneContext", hangs: true, make: forcefulWaits},
	{name: "a forceful Close of a busy listener says that all is well", caught: "Close/DoneContext", make: func(l *hookedListener) {
		l.onClose(context.Canceled, isHidden)
	}},
	{name: "a forceful Close leaves the streams of handlers open", caught: "Close/DoneContext", hangs: true, make: closesNoStreams},
	{name: "a Close that its context ended returns nil", caught: "Close/ContextEnds", make: func(l *hookedListener) {
		l.onClose(context.Canceled, isHidden)
	}},
	{name: "a graceful Close ignores that its context ends", caught: "Close/ContextEnds", hangs: true, make: func(l *hookedListener) {
		l.close = func(ctx context.Context) error {
			if ctx.Err() == nil {
				ctx = context.WithoutCancel(ctx)
			}
			return l.Listener.Close(ctx)
		}
	}},
	{name: "a forceful Close complains of handlers that run", caught: "Close/Forcefully", make: func(l *hookedListener) {
		l.onClose(context.Canceled, becomes(abc.ErrBusy))
	}},
	{name: "a forceful Close does not cancel the handlers", caught: "Close/Forcefully", hangs: true, make: func(l *hookedListener) {
		l.onHandler(func(ctx context.Context, s abc.Stream, h abc.Handler) { h(context.WithoutCancel(ctx), s) })
	}},
	{name: "a stream that a forceful Close cut off is ErrBroken", caught: "Close/Forcefully", make: func(l *hookedListener) {
		l.acceptor.onAccept(func(_ context.Context, s abc.Stream) abc.Stream {
			x := &hooked{Stream: s}
			x.onReceive(abc.ErrClosed, becomes(abc.ErrBroken))
			return x
		})
	}},
	{name: "Serve does not wait for handlers that were cut off", caught: "Close/Forcefully", make: doesNotWait},
	{name: "a graceful Close that was cut short succeeds", caught: "Close/ForcefulCutsGraceful", make: func(l *hookedListener) {
		l.onClose(abc.ErrClosed, isHidden)
	}},
	{name: "a second graceful Close waits for nothing", caught: "Close/GracefulBesideGraceful", make: func(l *hookedListener) {
		var closing atomic.Bool
		l.close = func(ctx context.Context) error {
			if closing.Swap(true) && ctx.Err() == nil {
				return nil
			}
			return l.Listener.Close(ctx)
		}
	}},
	{name: "a forceful Close in a handler waits for the handler", caught: "Close/FromHandler", hangs: true, make: forcefulWaits},
	{name: "Close only stops serving", caught: "Close/WaitingConnections", hangs: true, make: func(l *hookedListener) {
		var closed atomic.Bool
		l.close = func(context.Context) error { closed.Store(true); return nil }
		l.serve = func(ctx context.Context, h abc.Handler) error {
			if closed.Load() {
				return fail(abc.ErrClosed)
			}
			return l.Listener.Serve(ctx, h)
		}
	}},
	{name: "Close leaves the listener below open", caught: "Close/ReachesBelow", make: func(l *hookedListener) {
		l.close = func(context.Context) error { return nil }
	}},
	{name: "connections that wait while the listener closes are forgotten", caught: "Close/AtAnyMoment", hangs: true, make: func(l *hookedListener) {
		l.acceptor.drain = func() {}
		first := true
		l.acceptor.accept = func(ctx context.Context) (abc.Stream, error) {
			if first {
				first = false
				return l.acceptor.next(ctx)
			}
			select { // slow to accept, lest none should wait
			case <-ctx.Done():
				return nil, fail(abc.ContextErr(ctx))
			case <-l.acceptor.closed:
				return nil, fail(abc.ErrClosed)
			}
		}
	}},
	{name: "a connection to a closed listener is made, and nobody answers", caught: "Close/DialFails", hangs: true, make: func(l *hookedListener) {
		l.close = func(context.Context) error { return nil }
	}},
}

// onClose makes Close react to target.
func (l *hookedListener) onClose(target error, react reaction) {
	l.close = func(ctx context.Context) error { return react.to(target, ctx, l.Listener.Close(ctx)) }
}

// forcefulWaits makes a forceful Close wait for the handlers.
func forcefulWaits(l *hookedListener) {
	var handlers atomic.Int32
	idle := make(chan struct{}, 1)
	l.onHandler(func(ctx context.Context, s abc.Stream, h abc.Handler) {
		handlers.Add(1)
		h(ctx, s)
		if handlers.Add(-1) == 0 {
			select {
			case idle <- struct{}{}:
			default:
			}
		}
	})
	l.close = func(ctx context.Context) error {
		err := l.Listener.Close(ctx)
		if handlers.Load() > 0 {
			select {
			case <-idle:
			case <-l.over: // a handler that closes waits for itself
			}
		}
		return err
	}
}
