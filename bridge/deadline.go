package bridge

import (
	"context"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// A deadline turns the movable deadlines of a net.Conn into contexts: its
// context is done once the deadline has passed, and lives on for as long as
// the deadline is moved before it passes. So a move reaches the calls that are
// pending, and a call costs no context and no timer of its own.
//
// The zero value has no deadline.
type deadline struct {
	current atomic.Pointer[timeout] // nil until it is asked for; set under mu

	mu     sync.Mutex  // never held while anything blocks
	timer  *time.Timer // made for the first deadline that lies ahead, then reused
	at     time.Time   // when ctx is to end; zero for never, or if it has ended
	closed bool
}

// A timeout is the context that a deadline ends.
type timeout struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
}

// context returns the context of the operations that begin now.
func (d *deadline) context() context.Context {
	if t := d.current.Load(); t != nil {
		return t.ctx
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.current.Load() == nil {
		d.renew()
	}
	return d.current.Load().ctx
}

// set moves the deadline to t, or takes it away if t is zero. If t has passed,
// pending operations end now.
func (d *deadline) set(t time.Time) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return net.ErrClosed
	}
	d.disarm()
	left := time.Until(t)
	past := !t.IsZero() && left <= 0
	if now := d.current.Load(); now == nil || !past && now.ctx.Err() != nil {
		// What saw the old deadline pass keeps its context, and times out.
		d.renew()
	}
	switch {
	case t.IsZero():
	case past:
		d.current.Load().cancel(os.ErrDeadlineExceeded)
	default:
		// Now and not t, which may lack a monotonic reading: a wall clock that
		// is set back must not make the timer look early.
		d.at = time.Now().Add(left)
		if d.timer == nil {
			d.timer = time.AfterFunc(left, d.expire)
		} else {
			d.timer.Reset(left)
		}
	}
	return nil
}

// expire is called by the timer. As the timer is reused, that may be a call
// which the last move came too late to stop, so it goes by the time alone.
func (d *deadline) expire() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.at.IsZero() || time.Now().Before(d.at) {
		return
	}
	d.at = time.Time{}
	d.current.Load().cancel(os.ErrDeadlineExceeded)
}

// close stops the timer for good. It leaves the context alone: to wake what is
// pending is for the stream's own Close.
func (d *deadline) close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
	d.disarm()
}

func (d *deadline) disarm() {
	d.at = time.Time{}
	if d.timer != nil {
		d.timer.Stop()
	}
}

func (d *deadline) renew() {
	ctx, cancel := context.WithCancelCause(context.Background())
	d.current.Store(&timeout{ctx, cancel})
}
