// Package watch ends operations that block until a deadline, when their context
// is done.
package watch

import (
	"context"
	"sync"
	"time"

	"github.com/tributary-go/tributary/abc"
)

// longAgo is a deadline that wakes whatever waits.
var longAgo = time.Unix(1, 0)

// A Watcher wakes the blocked operation of one direction when its context is
// done, by putting the connection's deadline into the past. It starts no
// goroutine until that happens.
//
// It keeps its registration with a context from one operation to the next if
// that has the same context, so that a loop under one context registers once.
// It does so only from the second time on: a context that is made for one
// operation would otherwise start a goroutine each time that it is cancelled
// afterwards.
//
// The race to be careful about: a callback may run any time after its operation
// has ended. So it acts only under mu, only if its registration is the current
// one, and only while an operation waits; then no deadline can meet a later
// operation, and nobody has to wait for a callback.
//
// It is abc.Interrupt for those who have a place to keep it.
type Watcher struct {
	// Set is SetReadDeadline or SetWriteDeadline. It is set before the first Arm.
	Set func(time.Time) error

	mu      sync.Mutex
	current *registration   // of the operation that waits, or of the one before
	spare   *registration   // one whose callback can never run any more
	last    <-chan struct{} // the Done of the previous operation's context
	waiting bool            // an operation is between Arm and Disarm
	fired   bool            // the deadline is in the past, by us
	closed  bool
}

type registration struct {
	w    *Watcher
	done <-chan struct{}
	stop func() bool
	fire func() // r.wake, bound once
}

func (r *registration) wake() {
	w := r.w
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.current == r {
		w.wake()
	}
}

// wake wakes the operation that waits, if there is one.
func (w *Watcher) wake() {
	if w.waiting && !w.fired {
		w.fired = true
		_ = w.Set(longAgo) // fails only on a closed connection, which wakes too
	}
}

// Arm begins to watch ctx for the one operation that is about to block. After
// nil, Disarm must follow.
func (w *Watcher) Arm(ctx context.Context) error {
	done := ctx.Done()
	w.mu.Lock()
	if w.closed {
		w.mu.Unlock()
		return abc.ErrClosed
	}
	if w.current != nil && w.current.done != done {
		w.drop()
	}
	if w.current == nil && done != nil {
		r := w.spare
		if r == nil {
			r = &registration{w: w}
			r.fire = r.wake
		}
		w.spare = nil
		r.done = done
		w.current = r
		r.stop = context.AfterFunc(ctx, r.fire)
	}
	w.waiting = true
	w.mu.Unlock()
	// A registration that was kept may have fired between two operations, and
	// done nothing.
	if ctx.Err() != nil {
		w.Disarm()
		return abc.ContextErr(ctx)
	}
	return nil
}

// Disarm ends watching, takes the deadline away if it was set, and reports
// whether it was.
func (w *Watcher) Disarm() (fired bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.waiting {
		return false
	}
	w.waiting = false
	fired = w.fired
	if w.closed {
		return fired // the deadline stays: the connection's Close may have its own
	}
	if fired {
		w.fired = false
		_ = w.Set(time.Time{})
	}
	if r := w.current; r != nil && (fired || w.last != r.done) {
		w.last = r.done // keeps the channel, so no other can have its address
		w.drop()
	}
	return fired
}

// drop ends the current registration.
func (w *Watcher) drop() {
	r := w.current
	if r == nil {
		return
	}
	w.current = nil
	if r.stop() {
		w.spare = r
	}
	r.stop = nil
}

// Close wakes the operation that waits, because the Close of a connection may
// take its time to do so, and lets go of a context that was kept.
func (w *Watcher) Close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	w.wake()
	w.drop()
	w.last, w.spare = nil, nil
}
