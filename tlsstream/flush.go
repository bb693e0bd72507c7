package tlsstream

import (
	"context"
	"errors"

	"github.com/tributary-go/tributary/abc"
)

// flush sends what is in the outbox for an operation with ctx.
func (s *Stream) flush(ctx, opCtx context.Context) error {
	err := s.out.flush(opCtx)
	if err != nil && ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return abc.ContextErr(ctx)
	}
	return err
}

// flushInBackground sends what the handshake or a receive has made crypto/tls
// write (a flight, an alert, the answer to a KeyUpdate) without having the
// receiver wait for it: over a transport without a buffer both ends could wait
// for each other that way. It is how session tickets, which a client need not
// read, hold up no handshake (Trio's issue 819).
func (s *Stream) flushInBackground() {
	if s.out.pending() > 0 {
		s.startFlush()
	}
}

// startFlush flushes in a goroutine, unless somebody does already, who looks
// again when they are done.
func (s *Stream) startFlush() {
	if s.flushCtx.Err() != nil || !s.out.tryAcquire() {
		return
	}
	go func() {
		err := s.out.flushHeld(s.flushCtx)
		s.out.release()
		if err != nil && s.flushCtx.Err() == nil {
			s.handshake.sendFailed(err)
		}
	}()
}

// beforeRead has what earlier receives made crypto/tls write sent. A peer that
// causes ever more of it and receives none is not received from any further.
// A send, which adds up to gather and its records' overhead before it flushes,
// must not be taken for that: the peer may send for as long as it does.
func (s *Stream) beforeRead(ctx context.Context) error {
	if s.out.pending() > 2*gather {
		return s.flush(ctx, ctx)
	}
	s.flushInBackground()
	return nil
}
