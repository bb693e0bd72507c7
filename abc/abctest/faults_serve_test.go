package abctest_test

import (
	"context"
	"sync/atomic"

	"github.com/tributary-go/tributary/abc"
)

var serveFaults = []listenerFault{
	{name: "handlers run one after the other", caught: "Serve/Concurrently", hangs: true, make: func(l *hookedListener) {
		turn := make(chan struct{}, 1)
		l.onHandler(func(ctx context.Context, s abc.Stream, h abc.Handler) {
			select {
			case turn <- struct{}{}:
				defer func() { <-turn }()
				h(ctx, s)
			case <-ctx.Done():
			}
		})
	}},
	{name: "Serve does not wait for handlers", caught: "Serve/WaitsForHandlers", make: doesNotWait},
	{name: "the handler's context does not descend from Serve's", caught: "Serve/HandlerContext", make: func(l *hookedListener) {
		l.onHandler(func(_ context.Context, s abc.Stream, h abc.Handler) { h(context.Background(), s) })
	}},
	{name: "the handler's context has lost its cause", caught: "Serve/HandlerContext", make: func(l *hookedListener) {
		l.serve = func(ctx context.Context, h abc.Handler) error {
			return becomes(context.Canceled).to(context.Canceled, ctx, l.Listener.Serve(ctx, h))
		}
	}},
	{name: "a stream that the handler left open stays open", caught: "Serve/ClosesWhatIsLeftOpen", hangs: true, make: closesNoStreams},
	{name: "a stream works after its handler has returned", caught: "Serve/ClosesWhatIsLeftOpen", make: func(l *hookedListener) {
		l.acceptor.onAccept(func(_ context.Context, s abc.Stream) abc.Stream {
			x := &hooked{Stream: s}
			x.onReceive(abc.ErrClosed, becomes(abc.ErrBroken))
			return x
		})
	}},
	{name: "what a handler sends just before it closes is lost", caught: "Serve/HandlerMayClose", make: func(l *hookedListener) {
		l.acceptor.onAccept(func(_ context.Context, s abc.Stream) abc.Stream {
			x := &hooked{Stream: s}
			x.send = func(ctx context.Context, p []byte) error { return s.SendAll(ctx, p[:1]) }
			return x
		})
	}},
	{name: "Serve returns nil when its context ends", caught: "Serve/ContextEnds", make: func(l *hookedListener) {
		l.onServe(context.Canceled, isHidden)
	}},
	{name: "Serve returns ErrClosed when its context ends", caught: "Serve/ContextEnds", make: func(l *hookedListener) {
		l.onServe(context.Canceled, becomes(abc.ErrClosed))
	}},
	{name: "Serve with a done context closes the listener", caught: "Serve/DoneContext", make: func(l *hookedListener) {
		l.serve = func(ctx context.Context, h abc.Handler) error {
			if ctx.Err() != nil {
				_ = l.Listener.Close(ctx)
			}
			return l.Listener.Serve(ctx, h)
		}
	}},
	{name: "Serve can be called once only", caught: "Serve/Again", make: func(l *hookedListener) {
		var served atomic.Bool
		l.serve = func(ctx context.Context, h abc.Handler) error {
			if served.Swap(true) {
				return fail(abc.ErrClosed)
			}
			return l.Listener.Serve(ctx, h)
		}
	}},
	{name: "a second Serve waits", caught: "Serve/Busy", hangs: true, make: func(l *hookedListener) {
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
	{name: "a second Serve takes over", caught: "Serve/Busy", make: func(l *hookedListener) {
		var inside exchange
		l.serve = func(ctx context.Context, h abc.Handler) error {
			return inside.run(ctx, func(ctx context.Context) error { return l.Listener.Serve(ctx, h) })
		}
	}},
	{name: "a second Serve is ErrBusy before its context's error", caught: "Serve/Busy", make: func(l *hookedListener) {
		var inside atomic.Bool
		l.serve = func(ctx context.Context, h abc.Handler) error {
			if !inside.CompareAndSwap(false, true) {
				return fail(abc.ErrBusy)
			}
			defer inside.Store(false)
			return l.Listener.Serve(ctx, h)
		}
	}},
	{name: "a silent peer holds up accepting", caught: "Serve/SilentPeer", hangs: true, make: func(l *hookedListener) {
		l.acceptor.onAccept(func(ctx context.Context, s abc.Stream) abc.Stream {
			hello := make([]byte, 1) // the handshake
			if _, err := s.ReceiveSome(ctx, hello); err != nil {
				return s
			}
			x := &hooked{Stream: s}
			x.receive = func(_ context.Context, p []byte) (int, error) {
				x.receive = nil
				return copy(p, hello), nil
			}
			return x
		})
	}},
	{name: "a connection is dropped now and then", caught: "Serve/ManyConnections", make: func(l *hookedListener) {
		n := 0
		l.acceptor.onAccept(func(ctx context.Context, s abc.Stream) abc.Stream {
			if n++; n%20 == 0 {
				_ = s.Close(ctx)
			}
			return s
		})
	}},
	{name: "Serve after Close is ErrBroken", caught: "Serve/AfterClose", make: func(l *hookedListener) {
		l.onServe(abc.ErrClosed, becomes(abc.ErrBroken))
	}},
	{name: "Serve after Close does not look at its context", caught: "Serve/AfterClose", make: func(l *hookedListener) {
		var closed atomic.Bool
		l.close = func(ctx context.Context) error { closed.Store(true); return l.Listener.Close(ctx) }
		l.serve = func(ctx context.Context, h abc.Handler) error {
			if closed.Load() {
				return fail(abc.ErrClosed)
			}
			return l.Listener.Serve(ctx, h)
		}
	}},
	{name: "a panic is swallowed", caught: "Panic/GoesOnInServe", hangs: true, make: func(l *hookedListener) {
		l.onHandler(func(ctx context.Context, s abc.Stream, h abc.Handler) {
			defer func() { _ = recover() }()
			h(ctx, s)
		})
	}},
	{name: "a panic loses its value", caught: "Panic/GoesOnInServe", make: func(l *hookedListener) {
		l.serve = func(ctx context.Context, h abc.Handler) error {
			defer func() {
				if p, ok := recover().(*abc.HandlerPanic); ok {
					panic(&abc.HandlerPanic{Value: "a handler panicked", Stack: p.Stack})
				}
			}()
			return l.Listener.Serve(ctx, h)
		}
	}},
	{name: "a panic does not wait for the other handlers", caught: "Panic/GoesOnInServe", make: doesNotWait},
	{name: "a panic loses its stack", caught: "Panic/GoesOnInServe", make: func(l *hookedListener) {
		l.serve = func(ctx context.Context, h abc.Handler) error {
			defer func() {
				if p, ok := recover().(*abc.HandlerPanic); ok {
					panic(p.Value)
				}
			}()
			return l.Listener.Serve(ctx, h)
		}
	}},
	{name: "the stream of a handler that panicked stays open", caught: "Panic/ClosesStream", hangs: true, make: closesNoStreams},
}

// onServe makes Serve react to target.
func (l *hookedListener) onServe(target error, react reaction) {
	l.serve = func(ctx context.Context, h abc.Handler) error {
		return react.to(target, ctx, l.Listener.Serve(ctx, h))
	}
}

// onHandler makes Serve call f for each connection, which calls the handler.
func (l *hookedListener) onHandler(f func(ctx context.Context, s abc.Stream, h abc.Handler)) {
	l.serve = func(ctx context.Context, h abc.Handler) error {
		return l.Listener.Serve(ctx, func(ctx context.Context, s abc.Stream) { f(ctx, s, h) })
	}
}

// doesNotWait leaves the handlers alone when their context ends.
func doesNotWait(l *hookedListener) {
	l.onHandler(func(ctx context.Context, s abc.Stream, h abc.Handler) {
		done := make(chan any, 1)
		go func() {
			defer func() { done <- recover() }()
			h(ctx, s)
		}()
		select {
		case v := <-done:
			if v != nil {
				panic(v)
			}
		case <-ctx.Done():
		}
	})
}

// closesNoStreams accepts streams that cannot be closed.
func closesNoStreams(l *hookedListener) {
	l.acceptor.onAccept(func(_ context.Context, s abc.Stream) abc.Stream {
		x := &hooked{Stream: s}
		x.close = func(context.Context) error { return nil }
		return x
	})
}
