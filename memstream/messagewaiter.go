package memstream

import (
	"context"

	"github.com/tributary-go/tributary/abc"
)

// A messageWaiter is a Send or a Receive that waits. It is in one list of its
// queue; who takes it out of that calls finish.
type messageWaiter[T any] struct {
	ctx context.Context // of the operation
	end *messageEnd     // that it was called on
	m   T               // to be sent, or what was received
	err error           // how the operation ends
	// done has room for the one token that finish sends. It is made by an
	// operation that waits, and stays within its queue, so that it belongs to
	// the synctest bubble of those who use that.
	done chan struct{}

	list       *waitList[T]
	prev, next *messageWaiter[T]
}

// finish ends the wait.
func (w *messageWaiter[T]) finish(err error) {
	w.err = err
	w.done <- struct{}{}
}

// A waitList has waiters in the order in which they came.
type waitList[T any] struct {
	first, last *messageWaiter[T]
	n           int
	yield       yields
}

func (l *waitList[T]) add(w *messageWaiter[T]) {
	w.list, w.prev, w.next = l, l.last, nil
	if l.last == nil {
		l.first = w
	} else {
		l.last.next = w
	}
	l.last = w
	l.n++
}

func (l *waitList[T]) remove(w *messageWaiter[T]) {
	if w.prev == nil {
		l.first = w.next
	} else {
		w.prev.next = w.next
	}
	if w.next == nil {
		l.last = w.prev
	} else {
		w.next.prev = w.prev
	}
	w.list, w.prev, w.next = nil, nil, nil
	l.n--
}

// next takes out the operation that is to be served now, nil if there is none.
// One whose context is done ends with that instead: it may not have noticed,
// but it was cancelled before whatever we have for it.
func (l *waitList[T]) next() *messageWaiter[T] {
	for w := l.first; w != nil; w = l.first {
		l.remove(w)
		if w.ctx.Err() == nil {
			return w
		}
		w.finish(abc.ContextErr(w.ctx))
	}
	return nil
}

// finish ends the wait of those that were called on end; nil is any.
func (l *waitList[T]) finish(end *messageEnd, err error) {
	for w := l.first; w != nil; {
		next := w.next
		if end == nil || w.end == end {
			l.remove(w)
			w.finish(err)
		}
		w = next
	}
}

// spareWaiters is how many waiters a queue keeps for later.
const spareWaiters = 16

func (q *messageQueue[T]) newWaiter(ctx context.Context, end *messageEnd) *messageWaiter[T] {
	w := q.spare.first
	if w == nil {
		w = &messageWaiter[T]{done: make(chan struct{}, 1)}
	} else {
		q.spare.remove(w)
	}
	w.ctx, w.end = ctx, end
	return w
}

// wait puts w into list, and releases the lock until w is finished or its ctx
// is done. Afterwards w is gone.
func (q *messageQueue[T]) wait(list *waitList[T], w *messageWaiter[T]) (T, error) {
	list.add(w)
	y := list.yield.next()
	q.mu.Unlock()
	hit, long := false, false
	if y.pays {
		long = y.now()
		hit = len(w.done) > 0
	}
	inTime := true
	if done := w.ctx.Done(); hit || done == nil {
		<-w.done // cheaper than a select
	} else {
		select {
		case <-w.done:
		case <-done:
			inTime = false
		}
	}
	q.mu.Lock()
	if y.pays {
		list.yield.learn(hit, long)
	}
	switch {
	case inTime:
	case w.list == nil: // somebody was faster than ctx
		<-w.done
	default:
		list.remove(w)
		w.err = abc.ContextErr(w.ctx)
	}
	m, err := w.m, w.err
	if q.spare.n < spareWaiters {
		*w = messageWaiter[T]{done: w.done}
		q.spare.add(w)
	}
	return m, err
}
