package tlsstream

import (
	"context"
	"errors"
	"io"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tributary-go/tributary/abc"
)

// A handshake runs once, in a goroutine of its own, so that the operations that
// wait for it can be cancelled and it can't.
type handshake struct {
	begin    sync.Once
	ctx      context.Context // done when it is to end
	end      context.CancelCauseFunc
	done     chan struct{}     // closed when it is over
	err      error             // how it ended; written before that, as is
	panicked *abc.HandlerPanic // what a callback did
	complete atomic.Bool       // it ended well
}

// alertGrace bounds how long a failed handshake waits for the transport to take
// the alert that tells the peer why, and one that cannot send for the peer's.
// It is what crypto/tls grants as well.
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
//
// The callbacks of the tls.Config run in a goroutine of the stream's. When one
// panics, every operation that waits for the handshake, or comes later, panics
// with an [*abc.HandlerPanic] that has the value and the stack, as a
// sync.OnceFunc does; Close returns it in an error that matches abc.ErrBroken.
// The panic of a callback that a forceful Close did not wait for is lost. A
// callback that ends the goroutine (runtime.Goexit, t.FailNow) makes the
// handshake fail. In a callback, an operation of the same stream waits for
// itself; a forceful Close does not.
func (s *Stream) Handshake(ctx context.Context) error {
	if ctx.Err() != nil {
		return opError("handshake", 0, abc.ContextErr(ctx))
	}
	if s.receiving.Closed() {
		return opError("handshake", 0, abc.ErrClosed)
	}
	return opError("handshake", 0, s.orClosed(ctx, s.shake(ctx)))
}

// shake waits until the handshake is over, which it begins if need be. It does
// not wait for one that Close ends: a callback in the tls.Config may block that.
func (s *Stream) shake(ctx context.Context) error {
	h := &s.handshake
	if h.complete.Load() {
		return nil
	}
	h.begin.Do(func() { go s.runHandshake() })
	select {
	case <-h.done:
		return h.outcome()
	default:
	}
	select {
	case <-h.done:
		return h.outcome()
	case <-ctx.Done():
		return abc.ContextErr(ctx)
	case <-s.closed.Done():
		return abc.ErrClosed
	}
}

func (h *handshake) outcome() error {
	if h.panicked != nil {
		panic(h.panicked)
	}
	return h.err
}

// runHandshake is the goroutine. The tls.Config has callbacks that may end it
// in any way.
func (s *Stream) runHandshake() {
	h := &s.handshake
	defer h.end(nil)
	// What is left is the client's Finished or the server's session tickets.
	// Nobody has to wait for them: the peer may read only when we receive.
	defer s.flushInBackground()
	defer close(h.done)
	h.err = abc.Broken(errExited)
	defer func() {
		if v := recover(); v != nil {
			h.panicked = &abc.HandlerPanic{Value: v, Stack: debug.Stack()}
		}
	}()
	h.err = s.performHandshake(h.ctx)
	h.complete.Store(h.err == nil)
}

func (s *Stream) performHandshake(ctx context.Context) error {
	if d := s.opts.HandshakeTimeout; d > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, d, errHandshakeTimeout)
		defer cancel()
	}
	s.wire.ctx = ctx
	err := s.conn.HandshakeContext(ctx)
	if err == nil {
		return nil
	}
	err = s.handshakeError(ctx, err)
	alertCtx, cancel := context.WithTimeout(ctx, alertGrace)
	defer cancel()
	_ = s.out.flush(alertCtx) // what keeps the alert from the peer is not what went wrong
	return err
}

// sendFailed ends a handshake of which a message could not be sent, though not
// at once: the peer may have said why, and what it said is the better error.
func (h *handshake) sendFailed(err error) {
	if !h.complete.Load() {
		time.AfterFunc(alertGrace, func() { h.end(err) })
	}
}

func (s *Stream) handshakeError(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil && errors.Is(err, ctx.Err()):
		return fatal(context.Cause(ctx)) // the time limit, sendFailed, or Close
	case s.wire.ended && (errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)):
		return abc.Broken(ErrTruncated)
	}
	return fatal(err)
}
