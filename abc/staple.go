package abc

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
)

// Stapled is a [Stream] made of two independent halves. Make one with [Staple].
//
// A send and a receive may run at the same time, and Close at any time. What
// the sending half can do as a [SendWaiter], [VectorSender] or [CopierFrom] is
// passed on; to look for anything else, ask [As] about one of the Halves.
type Stapled struct {
	send SendStream
	recv ReceiveStream

	sending   Guard // closed by Close, and by a SendEOF that ended the half
	receiving Guard
	closed    atomic.Bool
	eofErr    error // why ending the half failed; written before sending is closed
}

var (
	_ Stream        = (*Stapled)(nil)
	_ SendWaiter    = (*Stapled)(nil)
	_ ReceiveWaiter = (*Stapled)(nil)
	_ VectorSender  = (*Stapled)(nil)
	_ CopierFrom    = (*Stapled)(nil)
	_ HalfCloser    = (*Stapled)(nil)
)

// Staple joins two halves into a stream, which owns them: a pair of pipes, the
// stdin and stdout of a process, two memory streams. It is Trio's
// StapledStream.
func Staple(send SendStream, recv ReceiveStream) *Stapled {
	if send == nil || recv == nil {
		panic("abc: Staple of a nil stream")
	}
	return &Stapled{send: send, recv: recv}
}

// Halves returns what the stream was made of.
func (s *Stapled) Halves() (SendStream, ReceiveStream) { return s.send, s.recv }

// SendAll implements [SendStream].
func (s *Stapled) SendAll(ctx context.Context, p []byte) error {
	return s.sendOp(ctx, "send", func() error { return s.send.SendAll(ctx, p) })
}

// SendVector implements [VectorSender].
func (s *Stapled) SendVector(ctx context.Context, bufs [][]byte) error {
	return s.sendOp(ctx, "send", func() error { return SendVector(ctx, s.send, bufs...) })
}

// WaitSendable implements [SendWaiter].
func (s *Stapled) WaitSendable(ctx context.Context) error {
	return s.sendOp(ctx, "wait sendable", func() error { return WaitSendable(ctx, s.send) })
}

// CopyFrom implements [CopierFrom], where the sending half does.
func (s *Stapled) CopyFrom(ctx context.Context, src ReceiveStream) (n int64, err error) {
	c, ok := s.send.(CopierFrom)
	if !ok {
		return 0, s.error("send", errors.ErrUnsupported)
	}
	err = s.sendOp(ctx, "send", func() error {
		n, err = c.CopyFrom(ctx, src)
		return err
	})
	return n, err
}

// ReceiveSome implements [ReceiveStream].
func (s *Stapled) ReceiveSome(ctx context.Context, p []byte) (int, error) {
	if err := s.receiving.EnterReceive(ctx, p); err != nil {
		return 0, s.error("receive", err)
	}
	defer s.receiving.Leave()
	n, err := s.recv.ReceiveSome(ctx, p)
	if s.closed.Load() {
		// What came now may be the peer's answer to our own Close.
		return 0, s.error("receive", ErrClosed)
	}
	return n, err
}

// WaitReceivable implements [ReceiveWaiter].
func (s *Stapled) WaitReceivable(ctx context.Context) error {
	if err := s.receiving.Enter(ctx); err != nil {
		return s.error("wait receivable", err)
	}
	defer s.receiving.Leave()
	err := WaitReceivable(ctx, s.recv)
	if s.closed.Load() {
		return s.error("wait receivable", ErrClosed)
	}
	return err
}

// An eofSender is a sending half that need not be closed to end.
type eofSender interface{ SendEOF(context.Context) error }

// CanSendEOF implements [HalfCloser]: a sending half that has no SendEOF of its
// own can be closed, another one is asked.
func (s *Stapled) CanSendEOF() bool {
	if _, ok := s.send.(eofSender); !ok {
		return true
	}
	return canSendEOF(s.send)
}

// SendEOF implements [Stream]. A sending half that has no SendEOF of its own is
// closed instead, which blocks as its Close does; that is [ErrBusy] while a
// send is in progress, as any SendEOF is, and does not interrupt it (Trio's
// issue 1180). If that close fails, or ctx ends it, the direction has ended all
// the same, and SendEOF is [ErrBroken] from then on. A graceful Close that
// comes meanwhile waits for it.
func (s *Stapled) SendEOF(ctx context.Context) error {
	if err := s.sending.Enter(ctx); err != nil {
		if err == ErrClosed && !s.closed.Load() {
			return s.eofErr // ended before
		}
		return s.error("send EOF", err)
	}
	defer s.sending.Leave()
	if h, ok := s.send.(eofSender); ok {
		return s.result("send EOF", h.SendEOF(ctx))
	}
	err := s.send.Close(ctx)
	if s.closed.Load() {
		return s.error("send EOF", ErrClosed)
	}
	if err != nil {
		s.eofErr = s.error("send EOF", Broken(err))
	}
	s.sending.Close()
	if err != nil && ctx.Err() != nil {
		return s.error("send EOF", ContextErr(ctx)) // eofErr from now on
	}
	return s.eofErr
}

// Close implements [AsyncResource]: it closes both halves, even if one fails.
func (s *Stapled) Close(ctx context.Context) error {
	s.closed.Store(true)
	s.sending.Close()
	s.receiving.Close()
	var sendErr, recvErr error
	if ctx.Err() != nil {
		sendErr, recvErr = s.send.Close(ctx), s.recv.Close(ctx)
	} else {
		// Side by side, so that no half's grace keeps the other's users waiting.
		var wg sync.WaitGroup
		wg.Go(func() { sendErr = s.send.Close(ctx) })
		recvErr = s.recv.Close(ctx)
		wg.Wait()
	}
	if err := errors.Join(sendErr, recvErr); err != nil {
		return s.error("close", err)
	}
	return nil
}

func (s *Stapled) sendOp(ctx context.Context, op string, f func() error) error {
	if err := s.sending.Enter(ctx); err != nil {
		return s.error(op, err)
	}
	defer s.sending.Leave()
	return s.result(op, f())
}

// result returns the error of a sending operation, which is ErrClosed whatever
// the half said if Close came in between.
func (s *Stapled) result(op string, err error) error {
	if err != nil && s.closed.Load() && !errors.Is(err, ErrClosed) {
		return &OpError{Op: op, Transport: "staple", Sent: Sent(err), Err: ErrClosed}
	}
	return err
}

func (s *Stapled) error(op string, err error) error {
	return &OpError{Op: op, Transport: "staple", Err: err}
}
