package bufstream

import (
	"context"
	"iter"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/internal/closing"
)

// A MessageStream carries messages both ways over a stream of bytes. Make one
// with [NewMessageStream]. All methods may be called at any time, from any
// goroutine.
type MessageStream[T any] struct {
	s       abc.Stream
	in      incoming[T]
	out     outgoing[T]
	closing closing.Once
}

var _ abc.MessageStream[int] = (*MessageStream[int])(nil)

// NewMessageStream returns a stream of messages over s, which it owns. opts may
// be nil. Where the messages of the two directions are of different types, use
// [NewMessageSender] and [NewMessageReceiver] on the same stream.
func NewMessageStream[T any](s abc.Stream, codec Codec[T], opts *MessageOptions) *MessageStream[T] {
	if s == nil {
		panic("bufstream: NewMessageStream of a nil stream")
	}
	m := &MessageStream[T]{s: s}
	m.in.init(s, codec, opts.orDefault())
	m.in.waker.used = true
	m.out.init(s, codec, opts.orDefault())
	return m
}

// Send implements [abc.MessageSendStream], as [MessageSender.Send] does.
func (s *MessageStream[T]) Send(ctx context.Context, m T) error { return s.out.send(ctx, m) }

// Receive implements [abc.MessageReceiveStream], as [MessageReceiver.Receive]
// does.
func (s *MessageStream[T]) Receive(ctx context.Context) (T, error) { return s.in.receive(ctx) }

// Messages iterates over what is received, as [MessageReceiver.Messages] does.
func (s *MessageStream[T]) Messages(ctx context.Context) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) { s.in.messages(ctx, yield) }
}

// SendEOF implements [abc.MessageStream]. It waits for its turn, as Send does:
// what was to be sent before comes before.
func (s *MessageStream[T]) SendEOF(ctx context.Context) error { return s.out.sendEOF(ctx) }

// Close implements [abc.AsyncResource]: it closes the stream below. A graceful
// one waits until what a cancelled Send left is sent.
func (s *MessageStream[T]) Close(ctx context.Context) error {
	s.out.turn.close()
	s.in.turn.close()
	return opError("close", 0, s.closing.Do(ctx, func(ctx context.Context) error { return s.out.close(ctx, s.in.waker.wake) }))
}

// Unwrap implements [abc.Unwrapper].
func (s *MessageStream[T]) Unwrap() abc.AsyncResource { return s.s }
