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
// Bound the context. A peer that does not receive holds up a graceful Close for
// as long as that lasts; over a transport without a buffer that is also one
// which closes gracefully at the same time. In a callback of the tls.Config, a
// graceful Close waits for the handshake, which waits for the callback, until
// the context ends that; a forceful one does not wait.
//
// A forceful Close, one before the end of the handshake (which it ends), and
// one of an HTTPS-compatible stream send no close_notify. While a send is in
// progress a Close cannot end the stream cleanly: it closes it, and returns an
// error that says so.
//
// The transport is closed once, whatever happens before.
func (s *Stream) Close(ctx context.Context) error {
	s.receiving.Close()
	inSend := s.sending.Close() && s.inSend.Load()
	return opError("close", 0, s.closing.Do(ctx, func(ctx context.Context) error {
		return s.close(ctx, inSend)
	}))
}

func (s *Stream) close(ctx context.Context, inSend bool) error {
	if !s.settled.CompareAndSwap(false, true) {
		return nil // detached
	}
	s.wake()
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
	return errors.Join(err, s.awaitHandshake(ctx))
}

// wake ends the handshake, and what is blocked.
func (s *Stream) wake() {
	s.closeBegin()
	s.sendCtx.end()
	s.recvCtx.end()
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
// the tls.Config blocks it; a forceful Close does not wait for that. It returns
// what a callback panicked with: it may be that nobody else has been told.
func (s *Stream) awaitHandshake(ctx context.Context) error {
	h := &s.handshake
	begun := true
	h.begin.Do(func() { begun = false })
	if !begun {
		return nil
	}
	select {
	case <-h.done:
	case <-ctx.Done():
		select {
		case <-h.done:
		default:
			return nil
		}
	}
	if h.panicked != nil {
		return abc.Broken(h.panicked)
	}
	return nil
}
