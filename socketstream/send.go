package socketstream

import (
	"context"
	"errors"

	"github.com/tributary-go/tributary/abc"
)

// SendAll implements [abc.SendStream]. It blocks until the system took all of
// p, which says nothing about the peer. Once sending is broken it stays so.
func (s *Stream) SendAll(ctx context.Context, p []byte) error {
	if err := s.beginSend(ctx, "send"); err != nil {
		return err
	}
	defer s.sending.leave()
	return s.send(ctx, p)
}

// beginSend enters the sending half. After nil, s.sending.leave must follow.
func (s *Stream) beginSend(ctx context.Context, op string) error {
	h := &s.sending
	if err := h.guard.Enter(ctx); err != nil {
		return opError(op, 0, err)
	}
	if h.fatal != nil {
		h.leave()
		return opError(op, 0, *h.fatal)
	}
	return nil
}

// send is SendAll for who is inside.
func (s *Stream) send(ctx context.Context, p []byte) error {
	if len(p) == 0 {
		return nil
	}
	n, err := s.sending.do(ctx, tryWrite, p)
	return s.sendError(ctx, "send", n, err)
}

// sendError says what the connection's error means for an operation of the
// sending half, and remembers it if the half is broken.
func (s *Stream) sendError(ctx context.Context, op string, n int, err error) error {
	h := &s.sending
	switch {
	case err == nil:
		return nil
	case h.guard.Closed():
		err = abc.ErrClosed
	case err == errInterrupted:
	case ctx.Err() == nil || !errors.Is(err, ctx.Err()):
		failure := err
		s.sendFailed.err.Store(&failure)
		err = connError(err)
		h.fail(err)
	}
	return opError(op, n, err)
}

// SendEOF implements [abc.Stream]: it shuts the sending side of the socket
// down. On a connection without CloseWrite it is [errors.ErrUnsupported]. It
// does not block on TCP and Unix sockets; where CloseWrite does, ctx ends it by
// the write deadline.
func (s *Stream) SendEOF(ctx context.Context) error {
	h := &s.sending
	if err := h.guard.Enter(ctx); err != nil {
		if err == abc.ErrClosed && h.ended.Load() && !s.receiving.guard.Closed() {
			return nil
		}
		return opError("send EOF", 0, err)
	}
	defer h.leave()
	c, ok := s.conn.(closeWriter)
	if !ok {
		return opError("send EOF", 0, &unsupported{s.conn, "CloseWrite"})
	}
	var err error
	if kernelConn(s.conn) {
		err = c.CloseWrite()
	} else {
		err = h.call(ctx, c.CloseWrite)
	}
	switch {
	case err == nil:
		h.ended.Store(true)
		h.guard.Close() // from now on a send is ErrClosed
		return nil
	case h.guard.Closed():
		err = abc.ErrClosed
	case errors.Is(err, errors.ErrUnsupported):
	case ctx.Err() == nil || !errors.Is(err, ctx.Err()):
		err = connError(err)
	}
	return opError("send EOF", 0, err)
}
