package memstream

import (
	"context"

	"github.com/tributary-go/tributary/abc"
)

// A MessageSender is a sending end of [Messages]. All methods may be called at
// any time, from any goroutine. The direction ends when every sender of the
// queue is closed: one that is forgotten instead keeps receivers waiting.
type MessageSender[T any] struct {
	queue *messageQueue[T]
	end   messageEnd
}

var _ abc.MessageSendStream[int] = (*MessageSender[int])(nil)

// Send implements [abc.MessageSendStream]. It blocks while there is neither
// room nor a receiver that waits. Any number of goroutines may send; they are
// served in the order in which they came, and there is no ErrBusy. ErrBroken
// has io.ErrClosedPipe in its chain: every receiver was closed.
func (s *MessageSender[T]) Send(ctx context.Context, m T) error {
	return opError("send", 0, s.queue.send(ctx, &s.end, m))
}

// TrySend sends m if that can be done without blocking, and reports whether it
// was. Errors are those of Send.
func (s *MessageSender[T]) TrySend(m T) (sent bool, err error) {
	s.queue.mu.Lock()
	defer s.queue.mu.Unlock()
	sent, err = s.queue.trySend(&s.end, m)
	return sent, opError("send", 0, err)
}

// Clone returns another sender of the same queue, to be closed on its own. The
// clone of a closed sender is closed, as a context that is made of a done one
// is done.
func (s *MessageSender[T]) Clone() *MessageSender[T] {
	s.queue.mu.Lock()
	defer s.queue.mu.Unlock()
	if !s.end.closed {
		s.queue.senders++
	}
	return &MessageSender[T]{queue: s.queue, end: messageEnd{s.end.closed}}
}

// Stats returns the statistics of the queue.
func (s *MessageSender[T]) Stats() MessageStats { return s.queue.stats() }

// Close implements [abc.AsyncResource]: it does not block, and returns nil. A
// Send that waits on this very sender returns ErrClosed and its message was not
// sent; clones are not concerned. When the last sender is closed, receivers get
// what was sent and then io.EOF.
func (s *MessageSender[T]) Close(context.Context) error {
	s.queue.mu.Lock()
	defer s.queue.mu.Unlock()
	s.queue.closeSender(&s.end)
	return nil
}
