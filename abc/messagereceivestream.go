package abc

import "context"

// A MessageReceiveStream is the receiving half of a stream of messages.
// Receive blocks until there is a message; if ctx ends it, no message was
// consumed. After the last message it returns [io.EOF] itself, from then on.
// After Close it returns [ErrClosed]. Whether several goroutines may receive at
// the same time is the transport's to say, as for sending.
type MessageReceiveStream[T any] interface {
	AsyncResource
	Receive(ctx context.Context) (T, error)
}
