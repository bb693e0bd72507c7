package tlsstream

import (
	"context"
	"errors"

	"github.com/tributary-go/tributary/abc"
)

// Close implements [abc.AsyncResource]. A graceful Close sends close_notify,
// does not wait for the peer's, and closes the transport gracefully. It blocks
// until the transport took what was sent. It is no error if the peer is gone.
//
// A forceful Close, one before the end of the handshake (which it ends), and
// one of an HTTPS-compatible stream send no close_notify. While a send is in
// progress a Close cannot end the stream cleanly: it closes it, and returns an
// error that says so.
//
// The transport is closed once, whatever happens before.
func (s *Stream) Close(ctx context.Context) error {
	s.receiving.Close()
	inSend := s.sending.Close() && !s.noData.Load()
	return opError("close", 0, s.closing.Do(ctx, func(ctx context.Context) error {
		return s.close(ctx, inSend)
	}))
}

func (s *Stream) close(ctx context.Context, inSend bool) error {
	// Wake what is blocked, end the handshake.
	s.closeBegin()
	s.sendCtx.end()
	s.recvCtx.end()

	var err error
	if s.handshake.complete.Load() {
		err = s.sayGoodbye(ctx, inSend)
	}
	s.flushEnd()
	// A send that is still inside would make the transport's Close ungraceful.
	if s.out.acquire(ctx) == nil {
		s.out.release()
	}
	err = errors.Join(err, s.transport.Close(ctx))
	s.awaitHandshake(ctx)
	return err
}

// sayGoodbye sends what is left to be sent, and returns why that was not
// possible, if it is not that the peer is gone.
func (s *Stream) sayGoodbye(ctx context.Context, inSend bool) error {
	switch {
	case ctx.Err() != nil:
		if s.opts.HTTPSCompatible {
			return nil
		}
		return abc.ContextErr(ctx)
	case inSend:
		return abc.Broken(errSendInterrupted)
	case !s.opts.HTTPSCompatible:
		_ = s.conn.CloseWrite() // writes to the outbox, which does not fail
	}
	switch err := s.out.flush(ctx); {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return abc.ContextErr(ctx)
	case errors.Is(err, errUnknownPosition):
		return err
	}
	return nil // the peer is gone
}

// awaitHandshake waits for the handshake. It ends soon now, unless a callback in
// the tls.Config blocks it; a forceful Close does not wait for that.
func (s *Stream) awaitHandshake(ctx context.Context) {
	begun := true
	s.handshake.begin.Do(func() { begun = false })
	if begun {
		select {
		case <-s.handshake.done:
		case <-ctx.Done():
		}
	}
}
