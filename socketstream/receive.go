package socketstream

import (
	"context"
	"errors"
	"io"

	"github.com/tributary-go/tributary/abc"
)

// ReceiveSome implements [abc.ReceiveStream].
func (s *Stream) ReceiveSome(ctx context.Context, p []byte) (int, error) {
	h := &s.receiving
	if err := h.guard.EnterReceive(ctx, p); err != nil {
		return 0, opError("receive", 0, err)
	}
	defer h.leave()
	if h.fatal != nil {
		return 0, opError("receive", 0, *h.fatal)
	}
	return s.receive(ctx, tryRead, p)
}

// receive is ReceiveSome for who is inside, by step.
func (s *Stream) receive(ctx context.Context, step rawStep, p []byte) (int, error) {
	for {
		n, err := s.receiving.do(ctx, step, p)
		if s.receiving.guard.Closed() {
			return 0, opError("receive", 0, abc.ErrClosed)
		}
		if err != nil {
			err = s.receiveError(ctx, err)
		}
		switch {
		case n > 0:
			return n, nil // an error that came along shows next time, if it stays
		case err != nil:
			return 0, err
		} // else it is an empty write through a net.Pipe
	}
}

// receiveError says what the connection's error means for an operation of the
// receiving half, which is open, and remembers it if it is final.
func (s *Stream) receiveError(ctx context.Context, err error) error {
	if err != errInterrupted && (ctx.Err() == nil || !errors.Is(err, ctx.Err())) {
		err = s.endError(err)
		s.receiving.fail(err)
	}
	return opError("receive", 0, err)
}

// endError is connError for receiving.
func (s *Stream) endError(err error) error {
	if err == io.EOF {
		if err = s.sendFailed.behindEOF(); err == nil {
			return io.EOF
		}
	}
	return connError(err)
}
