package tlsstream

import (
	"context"
	"errors"

	"github.com/tributary-go/tributary/abc"
)

// WaitReceivable implements [abc.ReceiveWaiter]: it waits for the transport,
// unless something came from there that was not received. It does not begin the
// handshake, and returns at once before the end of it.
func (s *Stream) WaitReceivable(ctx context.Context) error {
	return opError("wait receivable", 0, s.orClosed(ctx, s.waitReceivable(ctx)))
}

func (s *Stream) waitReceivable(ctx context.Context) error {
	if err := s.receiving.Enter(ctx); err != nil {
		return err
	}
	defer s.receiving.Leave()
	if !s.handshake.complete.Load() || s.more || len(s.unread) > 0 || s.recvErr != nil || len(s.wire.ahead.surplus) > 0 {
		return nil
	}
	err := abc.WaitReceivable(s.recvCtx.of(ctx), s.transport)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil && errors.Is(err, ctx.Err()):
		return abc.ContextErr(ctx)
	case s.receiving.Closed():
		return abc.ErrClosed
	}
	return nil // the next receive says what it is
}
