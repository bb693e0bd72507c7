package abctest

import (
	"context"
	"sync/atomic"

	"github.com/tributary-go/tributary/abc"
)

type contextKey struct{}

var serveCases = section("Serve", []testCase[*server]{
	{"Concurrently", "5.1: Serve calls the handler in a goroutine of its own for each connection", func(t *trial, x *server) {
		const clients = 3
		var inside atomic.Int32
		all := newLatch()
		serve := x.serve(t, t.ctx, func(ctx context.Context, s abc.Stream) {
			if inside.Add(1) == clients {
				all.open()
			}
			all.wait(t)
			_ = s.SendAll(ctx, []byte("x"))
			_, _ = s.ReceiveSome(ctx, make([]byte, 1))
		})
		var streams []abc.Stream
		for range clients {
			streams = append(streams, x.connect(t))
		}
		t.await("all handlers to be called at the same time", all.ch)
		for _, s := range streams {
			got := make([]byte, 1)
			t.receiveExactly(s, got)
			t.wantBytes("what the handler sent", got, []byte("x"))
		}
		t.stillRunning(serve, "its context is done")
	}},

	{"WaitsForHandlers", "5.1: Serve returns only after every handler has returned", func(t *trial, x *server) {
		ctx, cancel := context.WithCancel(t.ctx)
		defer cancel()
		noticed, proceed := newLatch(), newLatch()
		var returned atomic.Bool
		serve := x.serve(t, ctx, func(ctx context.Context, s abc.Stream) {
			defer returned.Store(true)
			t.untilDone(ctx)
			noticed.open()
			proceed.wait(t)
		})
		x.connect(t)
		cancel()
		t.await("the handler's context to be done, when Serve's is", noticed.ch)
		t.stillRunning(serve, "the handlers have returned")
		proceed.open()
		_, err := serve.wait()
		t.wantContext("Serve whose context ended", err, ctx)
		if !returned.Load() {
			t.fail("Serve to return after the handler", "it returned before")
		}
	}},

	{"HandlerContext", "5.2: the handler's context descends from Serve's", func(t *trial, x *server) {
		ctx, cancel := context.WithCancelCause(context.WithValue(t.ctx, contextKey{}, "value"))
		defer cancel(nil)
		value := make(chan any, 1)
		serve := x.serve(t, ctx, func(ctx context.Context, s abc.Stream) {
			if ctx.Err() != nil {
				value <- ctx.Err()
				return
			}
			value <- ctx.Value(contextKey{})
			t.untilDone(ctx)
		})
		x.connect(t)
		if v := <-value; v != "value" {
			t.fail("the handler's context to be live, with the values of Serve's", "it has %v", v)
		}
		cancel(errCause)
		_, err := serve.wait()
		t.wantContext("Serve whose context ended", err, ctx)
	}},

	{"ClosesWhatIsLeftOpen", "5.2: when the handler returns, a stream that it left open is closed", func(t *trial, x *server) {
		streams := make(chan abc.Stream, 1)
		serve := x.serve(t, t.ctx, func(ctx context.Context, s abc.Stream) { streams <- s })
		client := x.connect(t)
		t.endsSoon("the stream of a handler that returned", client)
		_, err := (<-streams).ReceiveSome(t.ctx, make([]byte, 1))
		t.want("ReceiveSome on the handler's stream after it returned", err, abc.ErrClosed)
		x.connect(t) // the next one is served
		t.stillRunning(serve, "its context is done")
	}},

	{"HandlerMayClose", "5.2: a stream that the handler closed itself is fine", func(t *trial, x *server) {
		x.serve(t, t.ctx, func(ctx context.Context, s abc.Stream) {
			_ = s.SendAll(ctx, []byte("good-bye"))
			_ = s.Close(ctx)
		})
		client := x.connect(t)
		got := make([]byte, len("good-bye"))
		t.receiveExactly(client, got)
		t.wantBytes("what the handler sent", got, []byte("good-bye"))
		t.wantEOF("ReceiveSome after the handler closed gracefully", client)
	}},

	{"ContextEnds", "5.3: when Serve's context is done it returns the context's error", func(t *trial, x *server) {
		ctx, cancel := context.WithCancelCause(t.ctx)
		defer cancel(nil)
		serve := x.serve(t, ctx, func(context.Context, abc.Stream) {})
		x.connect(t)
		cancel(errCause)
		_, err := serve.wait()
		t.wantContext("Serve whose context ended", err, ctx)
	}},

	{"DoneContext", "3.1: an operation with a done context returns its error at once and has no effect", func(t *trial, x *server) {
		ctx := t.cancelled()
		_, err := x.serve(t, ctx, func(context.Context, abc.Stream) {}).wait()
		t.wantContext("Serve with a done context", err, ctx)
		x.serve(t, t.ctx, func(context.Context, abc.Stream) {})
		x.connect(t)
	}},

	{"Again", "5.5: after a Serve that its context ended the listener may be served again", func(t *trial, x *server) {
		for range 3 {
			ctx, cancel := context.WithCancel(t.ctx)
			serve := x.serveOn(t, ctx, func(ctx context.Context, s abc.Stream) { t.untilDone(ctx) })
			x.connect(t)
			cancel()
			_, err := serve.wait()
			t.wantContext("Serve whose context ended", err, ctx)
		}
	}},

	{"Busy", "5.5: a second Serve while one runs returns ErrBusy", func(t *trial, x *server) {
		first := x.serveOn(t, t.ctx, func(context.Context, abc.Stream) {})
		x.connect(t)
		for range 2 {
			_, err := x.serve(t, t.ctx, func(context.Context, abc.Stream) {}).wait()
			t.want("a second Serve", err, abc.ErrBusy)
		}
		ctx := t.cancelled()
		_, err := x.serve(t, ctx, func(context.Context, abc.Stream) {}).wait()
		t.wantContext("a second Serve, with a done context", err, ctx)
		x.connect(t)
		t.stillRunning(first, "its context is done")
	}},

	{"SilentPeer", "5.7: a handshake that does not proceed holds nobody up", func(t *trial, x *server) {
		serve := x.serve(t, t.ctx, func(context.Context, abc.Stream) {})
		for range 5 {
			s, err := x.dial(t.ctx) // and says nothing
			t.wantNil("dialling a listener that is being served", err)
			x.closeLater(s)
		}
		t.endsSoon("a connection that was served beside silent ones", x.connect(t))
		t.stillRunning(serve, "its context is done")
	}},

	{"ManyConnections", "5.1: Serve calls the handler once for each connection, however many come at once", func(t *trial, x *server) {
		const clients = 64
		var calls atomic.Int32
		x.serve(t, t.ctx, func(ctx context.Context, s abc.Stream) {
			calls.Add(1)
			_, _ = abc.Copy(ctx, s, s)
		})
		var tasks []*task
		for id := range clients {
			tasks = append(tasks, t.start("a client among many", func() (int, error) {
				s := x.connect(t)
				p := []byte{byte(id), 1, 2, 3}
				t.transfer("what comes back from an echo", s, s, p)
				return 0, t.closeForcefully(s)
			}))
		}
		for _, k := range tasks {
			_, err := k.wait()
			t.wantNil("CloseForcefully of a client", err)
		}
		if n := calls.Load(); n != clients {
			t.fail("the handler to be called once for each connection", "it was called %d times for %d", n, clients)
		}
	}},

	{"AfterClose", "5.5: Serve after Close returns ErrClosed", func(t *trial, x *server) {
		t.wantNil("Close of a listener that was not served", t.closeBy(true, x.l))
		for range 2 {
			_, err := x.serve(t, t.ctx, func(context.Context, abc.Stream) {}).wait()
			t.want("Serve after Close", err, abc.ErrClosed)
		}
		ctx := t.cancelled()
		_, err := x.serve(t, ctx, func(context.Context, abc.Stream) {}).wait()
		t.wantContext("Serve after Close, with a done context", err, ctx)
	}},
}...)

var panicCases = section("Panic", []testCase[*server]{
	{"GoesOnInServe", "5.8: when a handler panics the others are cancelled and awaited, then the panic goes on in Serve's caller, with its stack", func(t *trial, x *server) {
		const value = "the handler's panic"
		var first, otherReturned atomic.Bool
		noticed, proceed := newLatch(), newLatch()
		var panicked any
		serve := t.start("Serve one of whose handlers panics", func() (_ int, err error) {
			defer func() { panicked = recover() }()
			return 0, x.l.Serve(t.ctx, x.handler(t, func(ctx context.Context, s abc.Stream) {
				if first.CompareAndSwap(false, true) {
					defer otherReturned.Store(true)
					t.untilDone(ctx)
					noticed.open()
					proceed.wait(t)
					return
				}
				panic(value)
			}))
		})
		x.connect(t)
		x.connect(t)
		t.await("the context of the other handler to be done", noticed.ch)
		t.stillRunning(serve, "the other handler has returned")
		proceed.open()
		_, err := serve.wait()
		p, ok := panicked.(*abc.HandlerPanic)
		if !ok {
			t.fail("Serve to panic with a *abc.HandlerPanic", "it panicked with %v (%T), or returned %s", panicked, panicked, show(err))
		}
		if p.Value != value || len(p.Stack) == 0 {
			t.fail("a *abc.HandlerPanic with the handler's value and stack", "value %v, %d bytes of stack", p.Value, len(p.Stack))
		}
		if !otherReturned.Load() {
			t.fail("Serve to panic after the other handler returned", "it did before")
		}
	}},

	{"ClosesStream", "5.2: the stream of a handler that panicked is closed", func(t *trial, x *server) {
		serve := t.start("Serve whose handler panics", func() (_ int, err error) {
			defer func() { _ = recover() }()
			return 0, x.l.Serve(t.ctx, x.handler(t, func(context.Context, abc.Stream) { panic("the handler's panic") }))
		})
		t.endsSoon("the stream of a handler that panicked", x.connect(t))
		serve.wait()
	}},
}...)

// serveOn is serve where Serve may not return before ctx is done. If it does
// the case fails at once, rather than wait for a connection to be served.
func (x *server) serveOn(t *trial, ctx context.Context, h abc.Handler) *task {
	serve := x.serve(t, ctx, h)
	t.start("Serve to go on", func() (int, error) {
		<-serve.done
		if ctx.Err() == nil {
			t.fail("Serve not to return before its context is done", "it returned %s", show(serve.err))
		}
		return 0, nil
	})
	return serve
}
