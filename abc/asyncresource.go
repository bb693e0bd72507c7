package abc

import "context"

// An AsyncResource is anything that has to be closed, and whose closing may
// take time to be done properly: a stream, a listener, a stack of them.
//
// # Close
//
// Close ends the resource in good order if it can, and ends it in any case:
//
//   - It releases the resource before it returns, whatever it returns. An error
//     means that the end was not graceful, never that the resource is open.
//   - ctx bounds the grace, not the close. A Close whose ctx is done, already
//     or meanwhile, is forceful: it does not wait for the peer.
//   - Closing twice is fine: once the resource is closed, Close returns nil.
//     A second graceful Close beside a first one waits for it, within its own
//     ctx; a forceful one cuts the first short, which then returns an error
//     that matches [ErrClosed].
//   - Any goroutine may call it at any time. Every operation that is blocked
//     on the resource wakes and returns ErrClosed; so does every later one.
//   - Closing a wrapper closes what it wraps.
//
// So one function closes everything at once, closeutil.CloseForcefully: it is
// Close with a context that is done. This is Trio's aclose and
// aclose_forcefully.
type AsyncResource interface {
	Close(ctx context.Context) error
}
