package abc

import "context"

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
