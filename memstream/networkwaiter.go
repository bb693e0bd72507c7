package memstream

import (
	"context"
	"time"
)

// A waiter is the wait of one operation for something to happen in the network,
// or for a time. Channel and timer are made by the operation, so that they
// belong to its synctest bubble, and kept for the next.
type waiter struct {
	waiting bool
	ch      chan struct{}
	timer   *time.Timer
}

// wait releases the network's lock until the waiter is woken, the time is come,
// or ctx is done (false).
func (w *waiter) wait(ctx context.Context, n *Network, until instant) (inTime bool) {
	if w.ch == nil {
		w.ch = make(chan struct{}, 1)
	}
	var due <-chan time.Time
	if until < held {
		left := until - n.now()
		if w.timer == nil {
			w.timer = time.NewTimer(left)
		} else {
			w.timer.Reset(left)
		}
		defer w.timer.Stop()
		due = w.timer.C
	}
	w.waiting = true
	n.mu.Unlock()
	select {
	case <-w.ch:
	case <-due:
	case <-ctx.Done():
	}
	n.mu.Lock()
	w.waiting = false
	return ctx.Err() == nil
}

// wake makes the operation look again, if it waits. It may find that there is
// nothing new: where a time comes first, what wakes it stays for the next wait.
func (w *waiter) wake() {
	if w.waiting {
		select {
		case w.ch <- struct{}{}:
		default:
		}
	}
}
