package bufstream

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/tributary-go/tributary/abc"
)

// A turnstile lets one operation at a time into one half of a stream, in the
// order in which they came, and none once that half is closed. It is an
// [abc.Guard] that queues where that says ErrBusy. A wait ends with its context,
// and is durably blocked for testing/synctest.
//
// The zero value is open. An operation begins with enter and ends with leave.
type turnstile struct {
	state atomic.Uint32

	mu    sync.Mutex // never held while anything blocks
	first *waiter    // those that wait, in order
	last  *waiter
	spare *waiter // to be used again
}

const (
	turnTaken  = 1 << iota // an operation is inside
	turnQueued             // others wait, perhaps: leave has to look
	turnClosed             // none may enter any more
	turnKept               // who is inside stays there: others are ErrBusy
)

// A waiter is an operation that waits for its turn.
type waiter struct {
	ready      chan error // nil for its turn, or why there is none; has room for one
	prev, next *waiter
	queued     bool // false once something is, or was, in ready
}

// enter waits until all that came before have left. It returns the error of a
// done ctx or ErrClosed; after an error the operation did not begin.
func (t *turnstile) enter(ctx context.Context) error {
	if ctx.Err() != nil {
		return abc.ContextErr(ctx)
	}
	if t.state.CompareAndSwap(0, turnTaken) {
		return nil
	}
	w, err := t.queue()
	if w == nil {
		return err
	}
	select {
	case err = <-w.ready:
	case <-ctx.Done():
		err = t.giveUp(w)
	}
	t.free(w)
	if ctx.Err() != nil {
		if err == nil {
			t.leave() // it is the next one's turn
		}
		return abc.ContextErr(ctx)
	}
	return err
}

// tryEnter is enter where nobody is inside, and false otherwise: it is short
// enough to be inlined.
func (t *turnstile) tryEnter(ctx context.Context) bool {
	return ctx.Err() == nil && t.state.CompareAndSwap(0, turnTaken)
}

// queue takes the turn, if it is free after all, or returns what to wait for.
func (t *turnstile) queue() (*waiter, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for {
		switch old := t.state.Load(); {
		case old&turnClosed != 0:
			return nil, abc.ErrClosed
		case old&turnKept != 0:
			return nil, abc.ErrBusy
		case old == 0:
			if t.state.CompareAndSwap(0, turnTaken) {
				return nil, nil
			}
		case t.state.CompareAndSwap(old, old|turnQueued):
			w := t.spare
			if w == nil {
				w = &waiter{ready: make(chan error, 1)}
			}
			t.spare = w.next
			w.prev, w.next, w.queued = t.last, nil, true
			if t.last == nil {
				t.first = w
			} else {
				t.last.next = w
			}
			t.last = w
			return w, nil
		}
	}
}

// giveUp takes w, whose ctx is done, out of the queue. It returns nil if its
// turn had come before.
func (t *turnstile) giveUp(w *waiter) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !w.queued {
		return <-w.ready
	}
	t.remove(w)
	return context.Canceled
}

// leave ends the operation that enter began, and lets the next one in.
func (t *turnstile) leave() {
	if !t.state.CompareAndSwap(turnTaken, 0) {
		t.handOver()
	}
}

func (t *turnstile) handOver() {
	t.mu.Lock()
	defer t.mu.Unlock()
	w := t.first
	if w == nil {
		t.state.And(turnClosed)
		return
	}
	t.state.And(^uint32(turnKept))
	t.remove(w)
	w.ready <- nil // the turn is handed over: it is never free in between
}

// keep has enter return ErrBusy until leave, for who is inside for long.
func (t *turnstile) keep() { t.state.Or(turnKept) }

// close makes every later enter, and those that wait, return ErrClosed. It does
// not wait for the operation that is inside.
func (t *turnstile) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.state.Or(turnClosed)
	for t.first != nil {
		w := t.first
		t.remove(w)
		w.ready <- abc.ErrClosed
	}
}

func (t *turnstile) closed() bool { return t.state.Load()&turnClosed != 0 }

func (t *turnstile) remove(w *waiter) {
	if w.prev == nil {
		t.first = w.next
	} else {
		w.prev.next = w.next
	}
	if w.next == nil {
		t.last = w.prev
	} else {
		w.next.prev = w.prev
	}
	w.queued = false
}

func (t *turnstile) free(w *waiter) {
	t.mu.Lock()
	defer t.mu.Unlock()
	w.prev, w.next = nil, t.spare
	t.spare = w
}
