package abc

import "context"

// A ReceiveStream is the receiving half of a stream of bytes.
//
// # ReceiveSome
//
// ReceiveSome blocks until there is at least one byte, and returns what is
// there, up to len(p). It does not wait to fill p.
//
//   - It returns n > 0 and a nil error, or 0 and an error, and nothing else.
//   - When the peer ended its direction and all its bytes were received, the
//     error is [io.EOF] itself (err == io.EOF holds), from then on.
//   - A connection that ends otherwise is [ErrBroken], never io.EOF.
//   - If ctx ends it, it consumed nothing and the stream goes on with the next
//     call. If bytes were taken they are returned, even if ctx ended meanwhile.
//   - An empty p is an error, [ErrEmptyBuffer].
//   - The caller owns p: nothing reads or writes it after the call returned.
//   - Of two calls at the same time the second returns [ErrBusy] at once.
//
// Close, of a ReceiveStream on its own, drops what was not received; the
// sender gets ErrBroken.
//
// Test an implementation with abctest.TestOneWay.
type ReceiveStream interface {
	AsyncResource
	ReceiveSome(ctx context.Context, p []byte) (n int, err error)
}
