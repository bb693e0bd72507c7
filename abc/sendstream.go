package abc

import "context"

// A SendStream is the sending half of a stream of bytes.
//
// # SendAll
//
// SendAll sends all of p. It blocks until the transport took every byte: a
// transport that is faster than its receiver pushes back.
//
//   - It returns nil only if all of p was taken. Otherwise the error is an
//     [*OpError] whose Sent says how many bytes of p were, -1 if that cannot
//     be known; [Sent] reads it.
//   - It neither modifies p nor keeps it: p may be reused once it returned.
//   - An empty p sends nothing (it does not signal an end), but still reports
//     a done ctx, [ErrClosed] and [ErrBusy].
//   - If ctx ends it, some of p may have been sent. The stream goes on from
//     after those bytes. A transport that cannot do so returns [ErrBroken]
//     from then on and says so in its documentation.
//   - If the peer closed or broke the connection it returns [ErrBroken],
//     perhaps only after some sends, and then always.
//   - SendAll, SendEOF, WaitSendable and SendVector exclude each other: the one
//     that comes second returns ErrBusy at once.
//
// Close, of a SendStream on its own, ends the direction: the receiver gets
// what was sent and then io.EOF.
//
// Test an implementation with abctest.TestOneWay.
type SendStream interface {
	AsyncResource
	SendAll(ctx context.Context, p []byte) error
}
