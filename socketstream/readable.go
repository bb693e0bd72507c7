package socketstream

import (
	"context"

	"github.com/tributary-go/tributary/abc"
)

// Readable reports whether bytes wait to be received, without receiving one. It
// does not block. The error is what a ReceiveSome would return at once:
// io.EOF if the peer has ended its direction, [abc.ErrBroken] if the
// connection has failed, [abc.ErrBusy] beside a receive.
//
// It tells whether an idle connection is good for another request (Trio's issue
// 760). It is if Readable returns false and nil: nothing has happened. Bytes
// that nobody asked for are no good sign either:
//
//	if readable, err := s.Readable(); readable || err != nil {
//		closeutil.CloseForcefully(s) // and dial anew
//	}
//
// The peer may still close a moment later. Below TLS, found by [abc.As], the
// bytes may be a session ticket, which is harmless.
//
// On Windows, and on connections that are not TCP or Unix sockets, it is
// [errors.ErrUnsupported].
func (s *Stream) Readable() (bool, error) {
	const op = "readable"
	h := &s.receiving
	if err := h.guard.Enter(context.Background()); err != nil {
		return false, opError(op, 0, err)
	}
	defer h.leave()
	if h.fatal != nil {
		return false, opError(op, 0, *h.fatal)
	}
	if s.raw == nil {
		return false, opError(op, 0, &unsupported{s.conn, "way to tell"})
	}
	readable, err := h.peek()
	switch {
	case h.guard.Closed():
		return false, opError(op, 0, abc.ErrClosed)
	case err != nil:
		// The system reports a reset once only, so it is remembered.
		err = s.endError(err)
		h.fail(err)
		return false, opError(op, 0, err)
	}
	return readable, nil
}
