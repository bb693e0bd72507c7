package memstream

import (
	"context"
	"sync"

	"github.com/tributary-go/tributary/abc"
)

// A MessageConn is one end of a connection that carries messages both ways.
// [MessagePair] makes two. All methods may be called at any time, from any
// goroutine; sends and receives are as those of [Messages].
type MessageConn[T any] struct {
	in  *MessageReceiver[T]
	out *MessageSender[T]
}

var _ abc.MessageStream[int] = (*MessageConn[int])(nil)

// MessagePair returns the two ends of a connection. capacity is that of each
// direction, as for [Messages].
func MessagePair[T any](capacity int) (a, b *MessageConn[T]) {
	mu := new(sync.Mutex) // one for both, so that Close closes both in one step
	a, b = new(MessageConn[T]), new(MessageConn[T])
	a.out, b.in = newMessageQueue[T]("MessagePair", capacity, mu).ends()
	b.out, a.in = newMessageQueue[T]("MessagePair", capacity, mu).ends()
	return a, b
}

// Send implements [abc.MessageSendStream], as [MessageSender.Send] does.
func (c *MessageConn[T]) Send(ctx context.Context, m T) error { return c.out.Send(ctx, m) }

// Receive implements [abc.MessageReceiveStream], as [MessageReceiver.Receive]
// does.
func (c *MessageConn[T]) Receive(ctx context.Context) (T, error) { return c.in.Receive(ctx) }

// SendEOF implements [abc.MessageStream]. It does not block. While a Send waits
// it returns ErrBusy, and neither disturbs that nor ends anything. It is nil
// also when the peer is gone.
func (c *MessageConn[T]) SendEOF(ctx context.Context) error {
	return opError("send EOF", 0, c.sendEOF(ctx))
}

func (c *MessageConn[T]) sendEOF(ctx context.Context) error {
	if ctx.Err() != nil {
		return abc.ContextErr(ctx)
	}
	q := c.out.queue
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case c.in.end.closed:
		return abc.ErrClosed
	case q.sending.n > 0:
		return abc.ErrBusy
	}
	q.closeSender(&c.out.end)
	return nil
}

// Close implements [abc.AsyncResource]. It does not block and returns nil. What
// was sent before can still be received by the peer; what the peer sent and
// was not received is dropped.
func (c *MessageConn[T]) Close(context.Context) error {
	c.in.queue.mu.Lock()
	defer c.in.queue.mu.Unlock()
	c.in.queue.closeReceiver(&c.in.end)
	c.out.queue.closeSender(&c.out.end)
	return nil
}
