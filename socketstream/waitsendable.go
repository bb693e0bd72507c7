package socketstream

import "context"

// WaitSendable implements [abc.SendWaiter]. It blocks until the system calls
// the socket writable, which it is when a good part of its send buffer is free,
// and when the connection has failed: then the next send says why. With a
// [Stream.SetNotSentLowWater] it is when what was sent is on its way, so that
// there is no better time to choose what to send next.
//
// It returns at once on Windows, on other systems than Linux and macOS, and on
// connections that are not TCP or Unix sockets.
func (s *Stream) WaitSendable(ctx context.Context) error {
	if err := s.beginSend(ctx, "wait sendable"); err != nil {
		return err
	}
	defer s.sending.leave()
	return s.sendError(ctx, "wait sendable", 0, s.sending.wait(ctx))
}
