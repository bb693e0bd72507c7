package memstream

import (
	"context"

	"github.com/tributary-go/tributary/abc"
)

// A MessageReceiver is a receiving end of [Messages]. All methods may be called
// at any time, from any goroutine. Each message goes to one receiver; clones
// share the work, they do not all get everything.
type MessageReceiver[T any] struct {
	queue *messageQueue[T]
	end   messageEnd
}

var _ abc.MessageReceiveStream[int] = (*MessageReceiver[int])(nil)

// Receive implements [abc.MessageReceiveStream]. It blocks while no message was
// sent and a sender is open. Any number of goroutines may receive; they are
// served in the order in which they came, and there is no ErrBusy.
func (r *MessageReceiver[T]) Receive(ctx context.Context) (T, error) {
	m, err := r.queue.receive(ctx, &r.end)
	return m, opError("receive", 0, err)
}

// TryReceive receives a message if that can be done without blocking, and
// reports whether it was. Errors are those of Receive.
func (r *MessageReceiver[T]) TryReceive() (m T, received bool, err error) {
	r.queue.mu.Lock()
	defer r.queue.mu.Unlock()
	m, received, err = r.queue.tryReceive(&r.end)
	return m, received, opError("receive", 0, err)
}

// Clone returns another receiver of the same queue, to be closed on its own.
// The clone of a closed receiver is closed.
func (r *MessageReceiver[T]) Clone() *MessageReceiver[T] {
	r.queue.mu.Lock()
	defer r.queue.mu.Unlock()
	if !r.end.closed {
		r.queue.receivers++
	}
	return &MessageReceiver[T]{queue: r.queue, end: messageEnd{r.end.closed}}
}

// Stats returns the statistics of the queue.
func (r *MessageReceiver[T]) Stats() MessageStats { return r.queue.stats() }

// Close implements [abc.AsyncResource]: it does not block, and returns nil. A
// Receive that waits on this very receiver returns ErrClosed and took nothing;
// clones are not concerned. When the last receiver is closed, messages that
// nobody received are dropped, and senders get ErrBroken.
func (r *MessageReceiver[T]) Close(context.Context) error {
	r.queue.mu.Lock()
	defer r.queue.mu.Unlock()
	r.queue.closeReceiver(&r.end)
	return nil
}
