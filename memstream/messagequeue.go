package memstream

import (
	"context"
	"io"
	"sync"

	"github.com/tributary-go/tributary/abc"
)

// A messageQueue is what the ends of Messages share.
//
// Who finds that an operation that waits can go on does its part for it, so
// that the order of the waiting is the order of being served, and nobody who
// comes late can be faster. Hence these hold whenever mu is free:
//
//   - where a receiver waits, no message is buffered and no sender waits;
//   - where a sender waits, the buffer is full.
//
// An operation that waits and whose ctx is done takes no part in this, though
// it may not have noticed yet (see next).
type messageQueue[T any] struct {
	mu       *sync.Mutex // of both directions of a MessageConn
	capacity int         // as the user said it
	limit    int         // as a number of messages
	buffer   messageRing[T]
	peak     int

	senders, receivers int // open ends
	sending, receiving waitList[T]
	spare              waitList[T] // waiters that are not in use
}

// A messageEnd is one of the ends of a queue.
type messageEnd struct{ closed bool }

func newMessageQueue[T any](constructor string, capacity int, mu *sync.Mutex) *messageQueue[T] {
	return &messageQueue[T]{
		mu: mu, capacity: capacity, limit: messageLimit(constructor, capacity), senders: 1, receivers: 1,
	}
}

func (q *messageQueue[T]) ends() (*MessageSender[T], *MessageReceiver[T]) {
	return &MessageSender[T]{queue: q}, &MessageReceiver[T]{queue: q}
}

func (q *messageQueue[T]) send(ctx context.Context, end *messageEnd, m T) error {
	if ctx.Err() != nil {
		return abc.ContextErr(ctx)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if sent, err := q.trySend(end, m); sent || err != nil {
		return err
	}
	w := q.newWaiter(ctx, end)
	w.m = m
	_, err := q.wait(&q.sending, w)
	return err
}

// trySend sends m if it can be done now. It is called with the lock held, as
// are all below.
func (q *messageQueue[T]) trySend(end *messageEnd, m T) (sent bool, err error) {
	switch {
	case end.closed:
		return false, abc.ErrClosed
	case q.receivers == 0:
		return false, brokenByPeer
	}
	if w := q.receiving.next(); w != nil {
		w.m = m
		w.finish(nil)
		return true, nil
	}
	return q.put(m), nil
}

// put puts m into the buffer, if there is room.
func (q *messageQueue[T]) put(m T) bool {
	if q.buffer.n >= q.limit {
		return false
	}
	q.buffer.put(m, q.limit)
	q.peak = max(q.peak, q.buffer.n)
	return true
}

func (q *messageQueue[T]) receive(ctx context.Context, end *messageEnd) (m T, err error) {
	if ctx.Err() != nil {
		return m, abc.ContextErr(ctx)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if m, ok, err := q.tryReceive(end); ok || err != nil {
		return m, err
	}
	return q.wait(&q.receiving, q.newWaiter(ctx, end))
}

func (q *messageQueue[T]) tryReceive(end *messageEnd) (m T, received bool, err error) {
	if end.closed {
		return m, false, abc.ErrClosed
	}
	if q.buffer.n > 0 {
		m = q.buffer.get()
		if w := q.sending.next(); w != nil { // the room is for who waits longest
			q.put(w.m)
			w.finish(nil)
		}
		return m, true, nil
	}
	if w := q.sending.next(); w != nil { // there is no buffer
		m = w.m
		w.finish(nil)
		return m, true, nil
	}
	if q.senders == 0 {
		return m, false, io.EOF
	}
	return m, false, nil
}

// closeSender closes one sending end, and the direction if it is the last.
func (q *messageQueue[T]) closeSender(end *messageEnd) {
	if end.closed {
		return
	}
	end.closed = true
	q.sending.finish(end, abc.ErrClosed)
	if q.senders--; q.senders == 0 {
		q.receiving.finish(nil, io.EOF)
	}
}

// closeReceiver closes one receiving end, and the direction if it is the last.
func (q *messageQueue[T]) closeReceiver(end *messageEnd) {
	if end.closed {
		return
	}
	end.closed = true
	q.receiving.finish(end, abc.ErrClosed)
	if q.receivers--; q.receivers == 0 {
		q.sending.finish(nil, brokenByPeer)
		q.buffer.drop()
	}
}

func (q *messageQueue[T]) stats() MessageStats {
	q.mu.Lock()
	defer q.mu.Unlock()
	return MessageStats{
		Buffered: q.buffer.n, Peak: q.peak, Capacity: q.capacity,
		Senders: q.senders, Receivers: q.receivers,
		WaitingSenders: q.sending.n, WaitingReceivers: q.receiving.n,
	}
}
