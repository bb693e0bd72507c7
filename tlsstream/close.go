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
	inSend := s.sending.Close()
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
	err = errors.Join(err, s.transport.Close(ctx))
	s.awaitGoroutines(ctx)
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
		_ = s.conn.CloseWrite() // fails only after a fatal alert, which ended the stream
	}
	if err := s.out.flush(ctx); err != nil && ctx.Err() != nil {
		return abc.ContextErr(ctx)
	}
	return nil
}

// awaitGoroutines waits for the handshake and a flush in the background. Both
// end soon now, unless a callback in the tls.Config blocks the handshake; a
// forceful Close does not wait for that.
func (s *Stream) awaitGoroutines(ctx context.Context) {
	begun := true
	s.handshake.begin.Do(func() { begun = false })
	if begun {
		select {
		case <-s.handshake.done:
		case <-ctx.Done():
			return
		}
	}
	if s.out.acquire(ctx) == nil {
		s.out.release()
	}
}
