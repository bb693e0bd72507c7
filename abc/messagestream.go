package abc

import "context"

// A MessageSendStream is the sending half of a stream of messages, which keep
// their boundaries. Send blocks until the transport took m; if ctx ends it,
// m was not sent. After Close, Send returns [ErrClosed]; when no receiver is
// left it returns [ErrBroken]. Close ends the direction: the receiver gets
// what was sent and then io.EOF.
//
// Whether several goroutines may send at the same time is the transport's to
// say; where they may not, the second gets [ErrBusy].
type MessageSendStream[T any] interface {
	AsyncResource
	Send(ctx context.Context, m T) error
}

// A MessageReceiveStream is the receiving half of a stream of messages.
// Receive blocks until there is a message; if ctx ends it, no message was
// consumed. After the last message it returns [io.EOF] itself, from then on.
// After Close it returns [ErrClosed]. Whether several goroutines may receive at
// the same time is the transport's to say, as for sending.
type MessageReceiveStream[T any] interface {
	AsyncResource
	Receive(ctx context.Context) (T, error)
}

// A MessageStream carries messages both ways. SendEOF ends the sending
// direction alone, by the rules of [Stream].
//
// It sends and receives by other names than [Stream], so that a stream of bytes
// is never taken for one of messages, and one object can be both.
type MessageStream[T any] interface {
	MessageSendStream[T]
	MessageReceiveStream[T]
	SendEOF(ctx context.Context) error
}
