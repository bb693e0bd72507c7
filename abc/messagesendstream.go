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
