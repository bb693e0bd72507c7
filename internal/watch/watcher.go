// Package watch ends operations that block until a deadline, when their context
// is done.
package watch

import (
	"context"
	"sync"
	"time"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/internal/endings"
)

// longAgo is a deadline that wakes whatever waits.
var longAgo = time.Unix(1, 0)

// A Direction is one direction of a connection. SetDeadline is its
// SetReadDeadline or SetWriteDeadline.
type Direction interface {
	SetDeadline(time.Time) error
}

// A Watcher wakes the blocked operation of one direction when its context is
// done, by putting the connection's deadline into the past. It starts no
// goroutine until that happens. The zero value is ready to use. As every stream
// has two for all of its life, a Watcher is small, and each call is told which
// Direction it is about: always the same one.
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
	mu      sync.Mutex
	done    <-chan struct{} // of the latest context; kept, so no other can have its address
	stop    func() bool     // ends the registration with it; nil if there is none
	fire    func()          // what is registered; nil if another one has to be made
	epoch   uint32          // which fire is the current one
	keep    bool            // that context has come twice in a row
	waiting bool            // an operation is between Arm and Disarm
	fired   bool            // the deadline is in the past, by us
	closed  bool
}

// Arm begins to watch ctx for the one operation that is about to block. After
// nil, Disarm must follow.
func (w *Watcher) Arm(ctx context.Context, d Direction) error {
	done := ctx.Done()
	w.mu.Lock()
	if w.closed {
		w.mu.Unlock()
		return abc.ErrClosed
	}
	if w.stop != nil && w.done != done {
		w.drop()
	}
	if w.stop == nil && done != nil {
		w.keep = w.done == done
		w.done = done
		if w.fire == nil {
			w.fire = w.callback(d)
		}
		w.stop = endings.AfterFunc(ctx, w.fire)
	}
	w.waiting = true
	w.mu.Unlock()
	// A registration that was kept may have fired between two operations, and
	// done nothing.
	if ctx.Err() != nil {
		w.Disarm(d)
		return abc.ContextErr(ctx)
	}
	return nil
}

// callback returns a fire. It serves one registration after the other, for as
// long as none of them has run it.
func (w *Watcher) callback(d Direction) func() {
	epoch := w.epoch
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.epoch == epoch {
			w.wake(d)
		}
	}
}

// wake wakes the operation that waits, if there is one.
func (w *Watcher) wake(d Direction) {
	if w.waiting && !w.fired {
		w.fired = true
		_ = d.SetDeadline(longAgo) // fails only on a closed connection, which wakes too
	}
}

// Wake wakes the operation that waits, if there is one, as its context would.
// One that is about to wait has to be told in another way, after its Arm.
func (w *Watcher) Wake(d Direction) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.wake(d)
}

// Disarm ends what Arm began. It takes the deadline away if it was set, and
// reports whether it was.
func (w *Watcher) Disarm(d Direction) (fired bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.waiting = false
	fired = w.fired
	if w.closed {
		return fired // the deadline stays: the connection's Close may have its own
	}
	if fired {
		w.fired = false
		_ = d.SetDeadline(time.Time{})
	}
	if fired || !w.keep {
		w.drop()
	}
	return fired
}

// drop ends the current registration.
func (w *Watcher) drop() {
	if w.stop == nil {
		return
	}
	if !w.stop() { // the callback may run at any time, so it must not be used again
		w.fire = nil
		w.epoch++
	}
	w.stop = nil
}

// Close wakes the operation that waits, because the Close of a connection may
// take its time to do so, and lets go of a context that was kept.
func (w *Watcher) Close(d Direction) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	w.wake(d)
	w.drop()
	w.done, w.fire = nil, nil
}
