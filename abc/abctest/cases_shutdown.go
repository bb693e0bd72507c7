package abctest

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/closeutil"
)

// These cases are about Close of a listener.
var shutdownCases = section("Close", []testCase[*server]{
	{"Unserved", "2.3: once a resource is closed, Close returns nil", func(t *trial, x *server) {
		t.wantNil("Close of a listener that was not served", t.closeBy(true, x.l))
		t.closedAgain("the listener", x.l)
	}},

	{"UnservedForcefully", "2.7: a forceful close of a healthy listener is not an error", func(t *trial, x *server) {
		t.wantNil("CloseForcefully of a listener that was not served", t.closeForcefully(x.l))
		t.closedAgain("the listener", x.l)
	}},

	{"Idle", "5.4: Close ends Serve, which returns ErrClosed", func(t *trial, x *server) {
		serve := x.serve(t, t.ctx, func(context.Context, abc.Stream) {})
		x.connect(t)
		t.wantNil("Close of a listener without handlers that run", t.closeBy(true, x.l))
		_, err := serve.wait()
		t.want("Serve of a listener that was closed", err, abc.ErrClosed)
		t.closedAgain("the listener", x.l)
	}},

	{"Graceful", "5.4: Close lets the handlers that run finish, and returns when they have", func(t *trial, x *server) {
		h := newLingering()
		serve := x.serve(t, t.ctx, h.handle(t))
		client := x.connect(t)
		closing := t.start("a graceful Close", func() (int, error) { return 0, t.closeBy(true, x.l) })
		x.isNotServed(t, "a connection to a listener that is being closed", true)
		t.stillRunning(closing, "the handlers have returned")
		t.stillRunning(serve, "the handlers have returned")
		if h.ctxDone.Load() {
			t.fail("the context of a handler to be live during a graceful Close", "it is done")
		}
		t.echoes(client)
		h.proceed.open()
		_, err := closing.wait()
		t.wantNil("a graceful Close, when the handlers have returned", err)
		if h.running.Load() > 0 {
			t.fail("Close to return after the handler", "it returned before")
		}
		_, err = serve.wait()
		t.want("Serve of a listener that was closed", err, abc.ErrClosed)
	}},

	{"DoneContext", "5.4: a forceful Close cancels the handlers, closes their streams, and does not wait for them; Serve does", func(t *trial, x *server) {
		h := newLingering()
		serve := x.serve(t, t.ctx, h.handle(t))
		client := x.connect(t)
		ctx := t.cancelled()
		err := x.l.Close(ctx)
		t.wantContext("Close with a done context, while a handler runs", err, ctx)
		h.wasCut(t, serve, client)
	}},

	{"ContextEnds", "5.4: when the context of a graceful Close ends, it becomes a forceful one, and returns that context's error", func(t *trial, x *server) {
		h := newLingering()
		serve := x.serve(t, t.ctx, h.handle(t))
		client := x.connect(t)
		ctx, cancel := context.WithCancelCause(t.ctx)
		defer cancel(nil)
		closing := t.start("Close whose context ends", func() (int, error) { return 0, x.l.Close(ctx) })
		t.stillRunning(closing, "the handlers have returned, or its context is done")
		cancel(errCause)
		_, err := closing.wait()
		t.wantContext("Close whose context ended while a handler ran", err, ctx)
		h.wasCut(t, serve, client)
	}},

	{"Forcefully", "2.7: CloseForcefully ends a server now, and is not an error", func(t *trial, x *server) {
		h := newLingering()
		serve := x.serve(t, t.ctx, h.handle(t))
		client := x.connect(t)
		t.wantNil("CloseForcefully while a handler runs", t.closeForcefully(x.l))
		h.wasCut(t, serve, client)
	}},

	{"ForcefulCutsGraceful", "2.4: a forceful Close cuts a graceful one short and does not wait behind it", func(t *trial, x *server) {
		h := newLingering()
		serve := x.serve(t, t.ctx, h.handle(t))
		client := x.connect(t)
		graceful := t.start("a graceful Close that a forceful one cuts short", func() (int, error) { return 0, t.closeBy(true, x.l) })
		t.stillRunning(graceful, "the handlers have returned")
		t.wantNil("CloseForcefully beside a graceful Close", t.closeForcefully(x.l))
		_, err := graceful.wait()
		t.want("a graceful Close that a forceful one cut short", err, abc.ErrClosed)
		h.wasCut(t, serve, client)
	}},

	{"GracefulBesideGraceful", "2.6: a second graceful Close beside a first waits for it", func(t *trial, x *server) {
		h := newLingering()
		x.serve(t, t.ctx, h.handle(t))
		x.connect(t)
		closing := func() (int, error) {
			err := t.closeBy(true, x.l)
			if n := h.running.Load(); n > 0 {
				t.fail("both of two graceful Closes to return after the handlers", "one returned %s while %d ran", show(err), n)
			}
			return 0, err
		}
		first, second := t.start("a graceful Close", closing), t.start("a second graceful Close", closing)
		t.stillRunning(first, "the handlers have returned")
		t.stillRunning(second, "the handlers have returned")
		h.proceed.open()
		for _, k := range []*task{first, second} {
			_, err := k.wait()
			t.wantNil("one of two graceful Closes, when the handlers have returned", err)
		}
	}},

	{"FromHandler", "2.5: Close may be called from any goroutine at any time, a forceful one from a handler", func(t *trial, x *server) {
		closed := make(chan error, 1)
		serve := x.serve(t, t.ctx, func(context.Context, abc.Stream) { closed <- t.closeForcefully(x.l) })
		x.connect(t)
		_, err := serve.wait()
		t.want("Serve of a listener that was closed", err, abc.ErrClosed)
		t.wantNil("CloseForcefully in a handler", <-closed)
	}},

	{"WaitingConnections", "5.5: connections that were waiting to be accepted are closed with the listener", func(t *trial, x *server) {
		dialled := newLatch()
		client := t.start("a connection that was never accepted", func() (int, error) {
			defer dialled.open()
			s, err := x.dial(t.ctx)
			if err != nil {
				return 0, nil
			}
			x.closeLater(s)
			_ = t.sendAll(t.ctx, s, []byte{noHello}) // a connection may begin with its first byte
			dialled.open()
			t.endsSoon("a connection that was never accepted", s)
			return 0, nil
		})
		// They may block until Close.
		t.atMost(dialled.ch)
		t.wantNil("Close of a listener that was not served", t.closeBy(true, x.l))
		client.wait()
	}},

	{"ReachesBelow", "2.6: to close a wrapper is to close what it stands on", func(t *trial, x *server) {
		layers := below(x.l)
		t.wantNil("CloseForcefully of a listener that was not served", t.closeForcefully(x.l))
		for _, layer := range layers {
			if l, ok := layer.(abc.Listener); ok {
				ctx, cancel := context.WithTimeout(t.ctx, t.limit/3) // lest it should be served
				defer cancel()
				err := l.Serve(ctx, func(context.Context, abc.Stream) {})
				t.want(fmt.Sprintf("Serve of the %T below a listener that was closed", l), err, abc.ErrClosed)
			}
		}
	}},

	{"AtAnyMoment", "5.5: a connection that comes while the listener closes is served, refused or closed, and never left waiting", func(t *trial, x *server) {
		serve := x.serve(t, t.ctx, func(ctx context.Context, s abc.Stream) { _, _ = abc.Copy(ctx, s, s) })
		x.connect(t)
		ctx, cancel := context.WithCancel(t.ctx)
		defer cancel()
		var dialling []*task
		var open [4][]abc.Stream // of each that dials
		for i := range open {
			dialling = append(dialling, t.start("clients while the listener closes", func() (int, error) {
				for {
					s, err := x.dial(t.ctx)
					if err != nil {
						return 0, nil
					}
					x.closeLater(s)
					// Where a dial waits for nobody, no listener could keep up with
					// clients that stay.
					if open[i] = append(open[i], s); len(open[i]) > 16 {
						_ = closeutil.CloseForcefully(open[i][0])
						open[i] = open[i][1:]
					}
					if ctx.Err() != nil {
						_ = s.SendAll(t.ctx, []byte{noHello})
						t.endsSoon("a connection to a listener that was closed", s)
						return 0, nil
					}
				}
			}))
		}
		t.stillRunning(serve, "the listener is closed")
		t.wantNil("CloseForcefully while clients connect", t.closeForcefully(x.l))
		cancel()
		_, err := serve.wait()
		t.want("Serve of a listener that was closed", err, abc.ErrClosed)
		for _, k := range dialling {
			k.wait()
		}
		for _, s := range slices.Concat(open[:]...) {
			// When a backlog is full, TCP can make a client believe that it is
			// connected. It learns better when it sends.
			_ = s.SendAll(t.ctx, []byte{noHello})
			t.endsSoon("a client of a listener that was closed forcefully", s)
		}
	}},

	{"DialFails", "5.4: after Close no connection is served", func(t *trial, x *server) {
		t.wantNil("Close of a listener that was not served", t.closeBy(true, x.l))
		x.isNotServed(t, "a connection to a listener that is closed", false)
	}},
}...)

// lingering is a handler that answers its client and runs until it may
// proceed, whatever its context says.
type lingering struct {
	cancelled *latch // the handler's context is done
	cut       *latch // its stream failed
	proceed   *latch
	ctxDone   atomic.Bool
	running   atomic.Int32 // how many there are
	err       error        // why the stream failed, before cut
}

func newLingering() *lingering {
	return &lingering{cancelled: newLatch(), cut: newLatch(), proceed: newLatch()}
}

func (h *lingering) handle(t *trial) abc.Handler {
	return func(ctx context.Context, s abc.Stream) {
		h.running.Add(1)
		defer h.running.Add(-1)
		stop := context.AfterFunc(ctx, func() {
			h.ctxDone.Store(true)
			h.cancelled.open()
		})
		defer stop()
		t.start("the handler's stream to be closed", func() (int, error) {
			buf := make([]byte, 16)
			for {
				n, err := s.ReceiveSome(t.ctx, buf)
				if err == nil {
					err = s.SendAll(t.ctx, buf[:n])
				}
				if err != nil {
					h.cut.once.Do(func() {
						h.err = err
						close(h.cut.ch)
					})
					return 0, nil
				}
			}
		})
		h.proceed.wait(t)
	}
}

// wasCut checks what a forceful Close did to h, which runs on, and to Serve.
func (h *lingering) wasCut(t *trial, serve *task, client abc.Stream) {
	t.await("the handler's context to be done", h.cancelled.ch)
	t.await("the handler's stream to be closed", h.cut.ch)
	t.want("an operation on a stream that a forceful Close of its listener closed", h.err, abc.ErrClosed)
	t.endsSoon("the client of a listener that was closed forcefully", client)
	t.stillRunning(serve, "the handlers have returned")
	h.proceed.open()
	_, err := serve.wait()
	t.want("Serve of a listener that was closed", err, abc.ErrClosed)
	if h.running.Load() > 0 {
		t.fail("Serve to return after the handler", "it returned before")
	}
}

// echoes checks that a lingering handler answers.
func (t *trial) echoes(client abc.Stream) {
	t.wantNil("a client's send during a graceful Close", t.sendAll(t.ctx, client, []byte("still there?")))
	got := make([]byte, len("still there?"))
	t.receiveExactly(client, got)
	t.wantBytes("the answer during a graceful Close", got, []byte("still there?"))
}
