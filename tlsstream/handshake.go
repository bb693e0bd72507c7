package tlsstream

import (
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tributary-go/tributary/abc"
)

// A handshake runs once, in a goroutine of its own, so that the operations that
// wait for it can be cancelled and it can't.
type handshake struct {
	begin    sync.Once
	done     chan struct{} // closed when it is over
	err      error         // how it ended; written before that
	complete atomic.Bool   // it ended well
}

// alertGrace bounds how long a failed handshake waits for the transport to take
// the alert that tells the peer why. It is what crypto/tls grants as well.
const alertGrace = 5 * time.Second

// Handshake performs the handshake, or waits for the one that is under way, or
// returns how it ended. Call it to learn about certificates before sending;
// otherwise the first operation does it. Any number of goroutines may call it
// at the same time; all get its outcome.
//
// When ctx ends a call, the handshake goes on: Close ends it, or
// Options.HandshakeTimeout. A failed one is final: the error matches
// [abc.ErrBroken], and has the cause in its chain: a
// *tls.CertificateVerificationError, or a tls.AlertError of the peer's.
func (s *Stream) Handshake(ctx context.Context) error {
	if ctx.Err() != nil {
		return opError("handshake", 0, abc.ContextErr(ctx))
	}
	if s.receiving.Closed() {
		return opError("handshake", 0, abc.ErrClosed)
	}
	err := s.shake(ctx)
	if err != nil && s.receiving.Closed() && ctx.Err() == nil {
		err = abc.ErrClosed
	}
	return opError("handshake", 0, err)
}

// shake waits until the handshake is over, which it begins if need be.
func (s *Stream) shake(ctx context.Context) error {
	h := &s.handshake
	if h.complete.Load() {
		return nil
	}
	h.begin.Do(func() { go s.runHandshake() })
	select {
	case <-h.done:
		return h.err
	default:
	}
	select {
	case <-h.done:
		return h.err
	case <-ctx.Done():
		return abc.ContextErr(ctx)
	}
}

func (s *Stream) runHandshake() {
	ctx := s.closed
	if d := s.opts.HandshakeTimeout; d > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, d, errHandshakeTimeout)
		defer cancel()
	}
	s.wire.ctx = ctx
	err := s.conn.HandshakeContext(ctx)
	h := &s.handshake
	if err != nil {
		h.err = s.handshakeError(ctx, err)
		alertCtx, cancel := context.WithTimeout(ctx, alertGrace)
		_ = s.out.flush(alertCtx) // what keeps the alert from the peer is not what went wrong
		cancel()
	}
	h.complete.Store(err == nil)
	close(h.done)
	// What is left is the client's Finished or the server's session tickets.
	// Nobody has to wait for them: the peer may read only when we receive.
	s.flushInBackground()
}

func (s *Stream) handshakeError(ctx context.Context, err error) error {
	switch {
	case errors.Is(context.Cause(ctx), errHandshakeTimeout):
		return abc.Broken(errHandshakeTimeout)
	case s.wire.ended && (errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)):
		return abc.Broken(ErrTruncated)
	}
	return fatal(err)
}
