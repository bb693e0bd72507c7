package bufstream

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/tributary-go/tributary/abc"
)

// A TimedStream is a stream whose operations have to make progress. Make one
// with [IdleTimeout]. A send and a receive may run at the same time, and Close
// at any time.
type TimedStream struct {
	s     abc.Stream
	limit time.Duration

	sending   abc.Guard
	receiving abc.Guard
	out       window // belongs to who is inside sending, as does vector
	in        window
	vector    [][]byte
}

var (
	_ abc.Stream       = (*TimedStream)(nil)
	_ abc.SendWaiter   = (*TimedStream)(nil)
	_ abc.VectorSender = (*TimedStream)(nil)
	_ abc.Unwrapper    = (*TimedStream)(nil)
)

// IdleTimeout returns s, which it owns, with a limit to how long an operation
// may be stuck, rather than to how long it may take: a receive that gets nothing
// for d fails, and so does a send of which the transport takes nothing for d.
// A send that is slow but moves on is never ended. A context that is done ends
// an operation as ever. d must be greater than zero.
//
// The error matches [os.ErrDeadlineExceeded], and its Timeout is true, as that
// of a net.Conn whose deadline passed. It matches no context's error. It matches
// [abc.ErrBroken], for code that gives a stream up whose peer is stuck; but who
// wants to may go on, where others that are broken stay so: a receive that timed
// out lost nothing, and a send that did has sent OpError.Sent bytes. (A
// transport that a cancelled send breaks is broken by one that timed out.)
//
// A send that fails has not moved for d at least, and for 2d at most: how much
// of up to 64 KiB a transport took shows only when the time is up. Time between
// operations does not count, and the two directions know nothing of each other:
// to wait for an answer while a long request is being sent is to be idle.
// SendEOF and WaitSendable have d to complete. Close has its ctx alone.
//
// What several goroutines send on goes on top, Locked(IdleTimeout(s, d)): a wait
// for one's turn is no progress. Progress is what s says it is: over TLS a
// record that has arrived in part is nothing yet. No goroutine is started.
func IdleTimeout(s abc.Stream, d time.Duration) *TimedStream {
	if s == nil {
		panic("bufstream: IdleTimeout of a nil stream")
	}
	if d <= 0 {
		panic(fmt.Sprintf("bufstream: IdleTimeout of %v, which is not greater than 0", d))
	}
	return &TimedStream{s: s, limit: d, out: window{limit: d}, in: window{limit: d}}
}

// progressSize is how much is sent at a time, in bytes: a transport that is
// broken by a cancelled send shows its progress only in this way.
const progressSize = 64 << 10

// SendAll implements [abc.SendStream].
func (s *TimedStream) SendAll(ctx context.Context, p []byte) error {
	if err := s.sending.Enter(ctx); err != nil {
		return opError("send", 0, err)
	}
	defer s.sending.Leave()
	for sent := 0; ; {
		part := p[sent:min(len(p), sent+progressSize)]
		n, err := s.sent(ctx, len(part), s.s.SendAll(s.out.open(ctx), part))
		if err != nil {
			return addSent(err, sent)
		}
		if sent += n; sent == len(p) {
			return nil
		}
	}
}

// sent ends the window of a send of size bytes that returned err, and returns
// how many of them were sent, if it shall go on.
func (s *TimedStream) sent(ctx context.Context, size int, err error) (int, error) {
	expired := s.out.shut()
	if err == nil {
		return size, nil
	}
	if n := abc.Sent(err); n > 0 && expired && ctx.Err() == nil && errors.Is(err, context.Canceled) && !s.sending.Closed() {
		return n, nil
	}
	return 0, s.error(ctx, "send", expired, err)
}

// WaitSendable implements [abc.SendWaiter].
func (s *TimedStream) WaitSendable(ctx context.Context) error {
	if err := s.sending.Enter(ctx); err != nil {
		return opError("wait sendable", 0, err)
	}
	defer s.sending.Leave()
	err := abc.WaitSendable(s.out.open(ctx), s.s)
	return s.error(ctx, "wait sendable", s.out.shut(), err)
}

// SendEOF implements [abc.Stream].
func (s *TimedStream) SendEOF(ctx context.Context) error {
	if err := s.sending.Enter(ctx); err != nil {
		return opError("send EOF", 0, err)
	}
	defer s.sending.Leave()
	err := s.s.SendEOF(s.out.open(ctx))
	return s.error(ctx, "send EOF", s.out.shut(), err)
}

// ReceiveSome implements [abc.ReceiveStream].
func (s *TimedStream) ReceiveSome(ctx context.Context, p []byte) (int, error) {
	if err := s.receiving.EnterReceive(ctx, p); err != nil {
		return 0, opError("receive", 0, err)
	}
	defer s.receiving.Leave()
	n, err := s.s.ReceiveSome(s.in.open(ctx), p)
	return n, s.error(ctx, "receive", s.in.shut(), err)
}

// Close implements [abc.AsyncResource]: it closes the stream below.
func (s *TimedStream) Close(ctx context.Context) error {
	s.sending.Close()
	s.receiving.Close()
	defer s.in.close()
	defer s.out.close()
	return s.s.Close(ctx)
}

// Unwrap implements [abc.Unwrapper].
func (s *TimedStream) Unwrap() abc.AsyncResource { return s.s }

// error returns what err, of the stream below, means to an operation with ctx.
func (s *TimedStream) error(ctx context.Context, op string, expired bool, err error) error {
	if err == nil || !errors.Is(err, context.Canceled) {
		return err
	}
	cause := abc.ContextErr(ctx)
	switch {
	case cause != nil && !expired:
		return err
	case cause != nil:
	case s.receiving.Closed():
		cause = abc.ErrClosed // Close ends what may be kept of a context
	case expired:
		cause = abc.Broken(idleError(s.limit))
	default:
		return err
	}
	sent := 0
	if op == "send" {
		sent = abc.Sent(err)
	}
	return opError(op, sent, cause)
}

// idleError says that there was no progress for so long.
type idleError time.Duration

func (e idleError) Error() string        { return fmt.Sprintf("no progress for %v", time.Duration(e)) }
func (e idleError) Timeout() bool        { return true }
func (e idleError) Is(target error) bool { return target == os.ErrDeadlineExceeded }

// addSent returns err with n bytes more counted as sent.
func addSent(err error, n int) error {
	var op *abc.OpError
	if n == 0 || !errors.As(err, &op) || op.Sent < 0 {
		return err
	}
	return &abc.OpError{Op: op.Op, Transport: op.Transport, Sent: op.Sent + n, Err: op.Err}
}
