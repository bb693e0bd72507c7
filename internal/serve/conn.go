package serve

import (
	"context"
	"errors"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/closeutil"
)

// Why the context of the handlers ended, if it did not end with Serve's. None
// of them matches an error of package abc: a handler's stream reports the
// cause along with context.Canceled, and each error is one thing only.
var (
	errForced         = errors.New("the listener was closed forcefully")
	errPanicked       = errors.New("another handler panicked")
	errAcceptPanicked = errors.New("accepting panicked")
)

// A Failure is why the context of the handlers ended when accepting failed for
// good. It does not unwrap, for the reason above.
type Failure struct{ Err error }

func (f *Failure) Error() string { return "the listener failed: " + f.Err.Error() }

// A conn is a connection that has a handler. It is also the handler's context:
// the one that all handlers share, and beyond that it knows whose it is.
type conn struct {
	r      *run
	stream abc.Stream

	closes   bool // the handler has called Close; guarded by l.mu
	panicked bool // of the handler's goroutine
}

// handlerKey is the key of a *conn in the contexts of its handler. Its value is
// the listener that is meant, nil for any.
type handlerKey struct{ l *Listener }

func (c *conn) Deadline() (time.Time, bool) { return c.r.ctx.Deadline() }
func (c *conn) Done() <-chan struct{}       { return c.r.ctx.Done() }
func (c *conn) Err() error                  { return c.r.ctx.Err() }

func (c *conn) Value(key any) any {
	if k, ok := key.(handlerKey); ok && (k.l == nil || k.l == c.r.l) {
		return c
	}
	return c.r.ctx.Value(key)
}

// AfterFunc is what package context asks of a context that has a cheaper way,
// and what package watch prefers.
func (c *conn) AfterFunc(f func()) (stop func() bool) { return c.r.endings.Add(f) }

// handlerOf returns the connection in whose handler ctx is used: one of l, or
// the innermost one if l is nil. It is nil if there is none.
func handlerOf(ctx context.Context, l *Listener) *conn {
	c, _ := ctx.Value(handlerKey{l}).(*conn)
	return c
}

// start runs the handler in a goroutine of its own, unless the handlers were
// told to stop since s was accepted: then s is closed. During a graceful Close
// it is served: nobody else will, it has left the queue that another process
// may serve.
//
// Of several acceptors, each may have accepted when there was room for one. Then
// s waits here until there is, or accepting ends: a handler that closes the
// listener does not wait for us, who would wait for it.
func (r *run) start(s abc.Stream) {
	c := &conn{r: r, stream: s}
	r.l.mu.Lock()
	for r.accepting.Err() == nil {
		full := r.fullLocked()
		if full == nil {
			break
		}
		r.l.mu.Unlock()
		select {
		case <-full:
		case <-r.accepting.Done():
		}
		r.l.mu.Lock()
	}
	r.l.stats.Accepted++
	// In one step with the check, so that a Close either cuts the handler off
	// or prevents it.
	ok := !r.isCut && r.ctx.Err() == nil
	if ok {
		r.active[c] = struct{}{}
		r.l.stats.Active++
	} else {
		r.l.stats.Rejected++
	}
	r.l.mu.Unlock()
	if !ok {
		_ = closeutil.CloseForcefully(s)
		return
	}
	go c.handle()
	if r.gate != nil {
		<-r.begun
	}
}

// handle is in this order: the handler, the end of its stream, then what
// became of its panic, so that the peer does not wait for an OnPanic. All of it
// is deferred, because a handler may also end its goroutine (t.FailNow).
func (c *conn) handle() {
	defer c.finish()
	defer c.keepPanic()
	if c.r.l.cfg.OnPanic != nil {
		defer c.isolatePanic()
	}
	defer func() { _ = closeutil.CloseForcefully(c.stream) }()
	if c.r.gate != nil {
		c.r.begun <- struct{}{}
	}
	c.r.h(c, c.stream)
}

func (c *conn) isolatePanic() {
	if v := recover(); v != nil {
		c.panicked = true
		c.r.l.cfg.OnPanic(c, v, debug.Stack())
	}
}

// keepPanic keeps the first panic for the caller of Serve, and ends the other
// handlers. Serve can pass on one only, so those that come later are logged.
func (c *conn) keepPanic() {
	v := recover()
	if v == nil {
		return
	}
	c.panicked = true
	p := AsHandlerPanic(v, debug.Stack)
	r := c.r
	r.l.mu.Lock()
	first := r.panicked == nil
	if first {
		r.panicked = p
	}
	r.l.mu.Unlock()
	r.cancel(errPanicked)
	if !first {
		r.l.log(c, "another handler panicked as well", slog.Any("panic", p.Value), slog.String("stack", string(p.Stack)))
	}
}

// AsHandlerPanic returns v, which was recovered, as the panic that goes on in
// the caller of Serve: itself if it is from an inner Serve already.
func AsHandlerPanic(v any, stack func() []byte) *abc.HandlerPanic {
	if p, ok := v.(*abc.HandlerPanic); ok {
		return p
	}
	return &abc.HandlerPanic{Value: v, Stack: stack()}
}

func (c *conn) finish() {
	r := c.r
	r.l.mu.Lock()
	defer r.l.mu.Unlock()
	delete(r.active, c)
	if c.closes {
		r.closers--
	}
	st := &r.l.stats
	st.Active--
	if c.panicked {
		st.Panics++
	}
	if r.l.closed && !r.isCut {
		st.Drained++
	}
	r.check()
	if r.room != nil {
		close(r.room)
		r.room = nil
	}
}
