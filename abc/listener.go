package abc

import "context"

// A Handler serves one connection. The stream is closed forcefully when the
// handler returns, if it is still open then: close it gracefully first if the
// peer shall see a graceful end. ctx is done when the listener is shut down
// forcefully or the ctx of its Serve is done.
type Handler func(ctx context.Context, s Stream)

// A Listener serves each connection that comes in.
//
// # Serve
//
// Serve calls h in a goroutine of its own for each connection, until ctx is
// done, the listener is closed, or accepting fails for good. It returns only
// after every handler has returned: no goroutine outlives it.
//
//   - The ctx of the handlers descends from Serve's.
//   - When ctx is done, no new connection is accepted, the handlers' ctx is
//     done too, and Serve waits for them and returns the error of ctx.
//   - A second Serve while one runs returns [ErrBusy]; after Close, [ErrClosed].
//     After a Serve that ended otherwise the listener may be served again.
//   - What concerns one incoming connection alone is skipped. Being out of file
//     descriptors or memory is logged and retried with back-off. Any other
//     error of accepting is returned, after the handlers' ctx was cancelled
//     and they were awaited.
//   - What a layer has to do for each connection (a TLS handshake) happens in
//     that connection's goroutine, before h is called and under a time limit;
//     where it fails, h is not called.
//   - A handler that panics has the others cancelled and awaited; then Serve
//     panics with a [*HandlerPanic], in the goroutine of its caller.
//
// # Close
//
// Close is the graceful shutdown: accepting stops at once, Serve returns
// ErrClosed after the handlers that run have finished, and Close returns when
// they have. When its ctx is done first, it is the forceful one: the ctx of
// the handlers is cancelled, their streams are closed forcefully, and Close
// returns the error of its ctx without waiting for the handlers (Serve waits).
// Connections that nobody had accepted yet are closed.
//
// A handler may call Close with its own ctx, or one that descends from it: then
// Close waits for the other handlers, but neither for that one nor for others
// that have called Close. With another ctx nobody can tell, and it waits for its
// own handler until that ctx is done.
//
// Serve takes a handler, where Trio has accept, so that whatever a layer does
// for each connection can run in that connection's goroutine (Trio's issue
// 636). To accept one by one, use listener.Queue.
//
// Test an implementation with abctest.TestListener.
type Listener interface {
	AsyncResource
	Serve(ctx context.Context, h Handler) error
}
