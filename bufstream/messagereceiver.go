package bufstream

import (
	"context"
	"iter"

	"github.com/tributary-go/tributary/abc"
)

// A MessageReceiver receives the messages that a stream of bytes carries. Make
// one with [NewMessageReceiver]. All methods may be called at any time, from
// any goroutine.
type MessageReceiver[T any] struct {
	below abc.ReceiveStream
	in    incoming[T]
}

var _ abc.MessageReceiveStream[int] = (*MessageReceiver[int])(nil)

// NewMessageReceiver returns a receiver of the messages that r carries. It owns
// r. opts may be nil.
//
// It receives ahead. If r is a [*Receiver] or a [*Stream], what was received ahead
// is there: who wants to go on with other bytes after some messages keeps that,
// and goes on with it.
func NewMessageReceiver[T any](r abc.ReceiveStream, codec Codec[T], opts *MessageOptions) *MessageReceiver[T] {
	if r == nil {
		panic("bufstream: NewMessageReceiver of a nil stream")
	}
	m := &MessageReceiver[T]{below: r}
	m.in.init(r, codec, opts.orDefault())
	return m
}

// Receive implements [abc.MessageReceiveStream]. It blocks until the whole
// message is there. Any number of goroutines may receive; they are served in
// the order in which they came, and there is no ErrBusy (but from a [Receiver]
// that is in use otherwise). A Receive that ctx ends loses nothing, also in the
// middle of a message.
//
// An end in the middle of a message is [abc.ErrBroken] with
// [io.ErrUnexpectedEOF]. So is what is no message, with the codec's error, and
// one that is too long, with a [*TooLongError]: there is no telling where the
// next one begins, so they stay. An error of the codec that concerns one message
// is returned as it is, and the next Receive goes on after that.
func (r *MessageReceiver[T]) Receive(ctx context.Context) (T, error) { return r.in.receive(ctx) }

// Messages iterates over what is received, as abc.Messages does: the loop ends
// with the stream, or after an error, which is yielded last, with no message. It
// is one operation from the first message to the last, and so faster than a
// Receive for each: another one, also in the loop's body, is [abc.ErrBusy]. To
// leave it early loses nothing. When ctx is done or the stream closed, the next
// message is not yielded any more.
func (r *MessageReceiver[T]) Messages(ctx context.Context) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) { r.in.messages(ctx, yield) }
}

// Close implements [abc.AsyncResource]: it closes the stream below.
func (r *MessageReceiver[T]) Close(ctx context.Context) error {
	r.in.turn.close()
	return r.below.Close(ctx)
}

// Unwrap implements [abc.Unwrapper].
func (r *MessageReceiver[T]) Unwrap() abc.AsyncResource { return r.below }
