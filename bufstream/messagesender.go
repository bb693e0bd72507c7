package bufstream

import (
	"context"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/internal/closing"
)

// A MessageSender sends messages over a stream of bytes. Make one with
// [NewMessageSender]. All methods may be called at any time, from any
// goroutine.
type MessageSender[T any] struct {
	out     outgoing[T]
	closing closing.Once
}

var _ abc.MessageSendStream[int] = (*MessageSender[int])(nil)

// NewMessageSender returns a sender of messages over s, which it owns. opts may
// be nil.
func NewMessageSender[T any](s abc.SendStream, codec Codec[T], opts *MessageOptions) *MessageSender[T] {
	if s == nil {
		panic("bufstream: NewMessageSender of a nil stream")
	}
	m := &MessageSender[T]{}
	m.out.init(s, codec, opts.orDefault())
	return m
}

// Send implements [abc.MessageSendStream]. It blocks until the transport took
// the whole message. Any number of goroutines may send; they are served in the
// order in which they came, and there is no ErrBusy.
//
// A Send that ctx ends has sent nothing, or all: once a byte of the message has
// gone the others have to follow, so then it returns nil at once, and a
// goroutine sends the rest, before anything that is sent later. A graceful Close
// waits for it. Over a transport that a cancelled send breaks, the stream is
// [abc.ErrBroken] after that.
//
// A message that Encode refuses, and one that is too long (a [*TooLongError]),
// is not sent, and the stream goes on.
func (s *MessageSender[T]) Send(ctx context.Context, m T) error { return s.out.send(ctx, m) }

// SendEOF ends the direction: by the SendEOF of the stream below, or by closing
// one that has none. It waits for its turn, as Send does.
func (s *MessageSender[T]) SendEOF(ctx context.Context) error { return s.out.sendEOF(ctx) }

// Close implements [abc.AsyncResource]: it closes the stream below. A graceful
// one waits until what a cancelled Send left is sent.
func (s *MessageSender[T]) Close(ctx context.Context) error {
	s.out.turn.close()
	return opError("close", 0, s.closing.Do(ctx, func(ctx context.Context) error { return s.out.close(ctx, func() {}) }))
}

// Unwrap implements [abc.Unwrapper].
func (s *MessageSender[T]) Unwrap() abc.AsyncResource { return s.out.below }
