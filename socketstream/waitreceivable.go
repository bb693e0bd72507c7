package socketstream

import (
	"context"
	"errors"

	"github.com/tributary-go/tributary/abc"
)

// WaitReceivable implements [abc.ReceiveWaiter]. It blocks until the system calls
// the socket readable, which it is at the end and after a failure, too: then the
// next receive says so.
//
// It returns at once on Windows, on other systems than Linux and macOS, and on
// connections that are not TCP or Unix sockets.
func (s *Stream) WaitReceivable(ctx context.Context) error {
	const op = "wait receivable"
	h := &s.receiving
	if err := h.guard.Enter(ctx); err != nil {
		return opError(op, 0, err)
	}
	defer h.leave()
	if h.fatal != nil {
		return nil // there is nothing to wait for
	}
	err := h.wait(ctx)
	switch {
	case err == nil:
		return nil
	case h.guard.Closed():
		err = abc.ErrClosed
	case ctx.Err() == nil || !errors.Is(err, ctx.Err()):
		return nil // the next receive says what it is
	}
	return opError(op, 0, err)
}
