package serve

import (
	"errors"
	"runtime/debug"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/closeutil"
)

// Why the context of the handlers ended, if it did not end with Serve's. None
// of them matches an error of package abc: a handler's stream reports the
// cause along with context.Canceled, and each error is one thing only.
var (
	errForced               = errors.New("the listener was closed forcefully")
	errPanicked             = errors.New("another handler panicked")
	errAcceptPanicked error = errors.New("accepting panicked")
)

// A Failure is why the context of the handlers ended when accepting failed for
// good. It does not unwrap, for the reason above.
type Failure struct{ Err error }

func (f *Failure) Error() string { return "the listener failed: " + f.Err.Error() }

// A conn is a connection that has a handler.
type conn struct {
	stream abc.Stream
}

// start runs the handler in a goroutine of its own, unless the listener was
// closed or Serve ended since s was accepted: then s is closed.
func (r *run) start(s abc.Stream) {
	c := &conn{stream: s}
	r.l.mu.Lock()
	// In one step with the check, so that a Close either finds the handler or
	// prevents it.
	ok := !r.l.closed && r.accepting.Err() == nil
	if ok {
		r.active[c] = struct{}{}
	}
	r.l.mu.Unlock()
	if !ok {
		_ = closeutil.CloseForcefully(s)
		r.freeSlot()
		return
	}
	go r.handle(c)
}

// handle is in this order: the handler, the end of its stream, then what
// became of its panic, so that the peer does not wait for an OnPanic. All of it
// is deferred, because a handler may also end its goroutine (t.FailNow).
func (r *run) handle(c *conn) {
	defer r.finish(c)
	defer r.keepPanic()
	if r.l.cfg.OnPanic != nil {
		defer r.isolatePanic()
	}
	defer func() { _ = closeutil.CloseForcefully(c.stream) }()
	r.h(r.ctx, c.stream)
}

func (r *run) isolatePanic() {
	if v := recover(); v != nil {
		r.l.cfg.OnPanic(r.ctx, v, debug.Stack())
	}
}

// keepPanic keeps the first panic for the caller of Serve, and ends the other
// handlers.
func (r *run) keepPanic() {
	v := recover()
	if v == nil {
		return
	}
	p := AsHandlerPanic(v, debug.Stack)
	r.l.mu.Lock()
	if r.panicked == nil {
		r.panicked = p
	}
	r.l.mu.Unlock()
	r.cancel(errPanicked)
}

// AsHandlerPanic returns v, which was recovered, as the panic that goes on in
// the caller of Serve: itself if it is from an inner Serve already.
func AsHandlerPanic(v any, stack func() []byte) *abc.HandlerPanic {
	if p, ok := v.(*abc.HandlerPanic); ok {
		return p
	}
	return &abc.HandlerPanic{Value: v, Stack: stack()}
}

func (r *run) finish(c *conn) {
	r.freeSlot()
	r.l.mu.Lock()
	defer r.l.mu.Unlock()
	delete(r.active, c)
	r.leave()
}
