package abc

import "context"

// A Stream carries bytes both ways. Its two directions are independent: a send
// and a receive never exclude each other.
//
// # SendEOF
//
// SendEOF ends the sending direction and leaves the other open: the peer
// receives what was sent and then io.EOF, and may go on sending.
//
//   - It is idempotent. After it SendAll returns [ErrClosed].
//   - After Close it returns ErrClosed, even if the end had been sent before.
//   - Where the transport cannot end one direction alone (TLS below 1.3, a
//     net.Pipe) it returns an error that matches [errors.ErrUnsupported], and
//     changes nothing.
//   - While a send is in progress it returns [ErrBusy].
//
// That it is on every Stream and may fail, rather than on streams of a special
// kind, is the change that Trio's issue 823 asks for.
//
// Close ends both directions in one step: what the peer does about it is never
// delivered to our own receiver.
//
// Test an implementation with abctest.TestStream.
type Stream interface {
	SendStream
	ReceiveStream
	SendEOF(ctx context.Context) error
}
