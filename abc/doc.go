// Package abc has the interfaces of Tributary, their errors, and what can be
// done with a stream without knowing its transport.
//
// The interfaces, from the least to the most:
//
//	AsyncResource            Close(ctx)
//	├── SendStream           SendAll(ctx, p)
//	├── ReceiveStream        ReceiveSome(ctx, p)
//	│   └── Stream           both, and SendEOF(ctx)
//	├── Listener             Serve(ctx, handler)
//	├── MessageSendStream    Send(ctx, m)
//	└── MessageReceiveStream Receive(ctx)
//	    └── MessageStream    both, and SendEOF(ctx)
//
// Code against these, take a stream from any transport (memstream,
// socketstream, tlsstream, or your own), and it behaves the same on each:
// every blocking call takes a context, a cancelled receive loses nothing, the
// end of a direction is told from a broken connection, and one rule closes
// everything, gracefully or at once.
//
// # Rules that hold for every operation
//
// An operation whose context is already done returns that context's error and
// has no effect. One whose context ends while it is blocked returns promptly.
// A context never affects any other operation.
//
// A send and a receive may run at the same time. Two operations on the same
// half may not: the one that comes second returns [ErrBusy] at once and the
// first goes on undisturbed. Close may be called at any time from any
// goroutine; it wakes every blocked operation, which returns [ErrClosed].
//
// No operation touches its buffer after it has returned.
//
// # Errors
//
// Every error but a bare [io.EOF] is an [*OpError]. Match with [errors.Is]: the
// error of an operation on a stream is exactly one of [ErrClosed], [ErrBroken],
// [ErrBusy], [ErrEmptyBuffer], [io.EOF], [errors.ErrUnsupported] and the error
// of the context, which matches the context's cause too, whatever that is.
// To dial, listen and accept can fail in the system's own ways as well
// (syscall.ECONNREFUSED). Where several apply, a done context is reported before
// ErrEmptyBuffer, that before ErrClosed, that before ErrBusy, and that before
// whatever the transport says.
//
// # Growth
//
// What only some transports can do is an optional interface with a function
// that falls back where it is missing, as io.Copy does: [SendWaiter] and
// [WaitSendable], [ReceiveWaiter] and [WaitReceivable], [VectorSender] and
// [SendVector], [CopierFrom] and [Copy], [HalfCloser] and [CanSendEOF],
// [Unwrapper] and [As]. Call the function; never assert the interface.
//
// Who writes a transport finds [Guard], [Broken] and [ContextErr] here, and a
// test suite in abc/abctest.
package abc
