package abctest_test

import (
	"context"
	"errors"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/abc/abctest"
)

var contextFaults = []fault{
	{name: "a send whose context is done sends", caught: "Context/DoneSend", make: func(s *hooked) {
		s.send = func(ctx context.Context, p []byte) error {
			if ctx.Err() != nil {
				_ = s.Stream.SendAll(context.WithoutCancel(ctx), p)
			}
			return s.Stream.SendAll(ctx, p)
		}
	}},
	{name: "an empty send does not look at its context", caught: "Context/DoneSend", make: func(s *hooked) {
		s.send = func(ctx context.Context, p []byte) error {
			if len(p) == 0 {
				ctx = context.WithoutCancel(ctx)
			}
			return s.Stream.SendAll(ctx, p)
		}
	}},
	{name: "a send whose context is done does not know what it sent", caught: "Context/DoneSend", make: func(s *hooked) {
		s.onSend(context.Canceled, func(_ context.Context, err error) error {
			return &abc.OpError{Op: "send", Transport: "faulty", Sent: -1, Err: err}
		})
	}},
	{name: "SendVector does not look at its context", caught: "Context/DoneSend", make: func(s *hooked) {
		s.vector = func(ctx context.Context, bufs [][]byte) error {
			return abc.SendVector(context.WithoutCancel(ctx), s.Stream, bufs...)
		}
	}},
	{name: "a receive whose context is done takes what is there", caught: "Context/DoneReceive", make: func(s *hooked) {
		s.receive = func(ctx context.Context, p []byte) (int, error) {
			soon, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Millisecond)
			defer cancel()
			if n, err := s.Stream.ReceiveSome(soon, p); n > 0 || err == io.EOF {
				return n, err
			}
			return s.Stream.ReceiveSome(ctx, p)
		}
	}},
	{name: "ReceiveSome panics", caught: "Context/DoneReceive", make: func(s *hooked) {
		s.receive = func(ctx context.Context, p []byte) (int, error) {
			if ctx.Err() != nil {
				panic("out of order")
			}
			return s.Stream.ReceiveSome(ctx, p)
		}
	}},
	{name: "a deadline is reported as a cancellation", caught: "Context/PastDeadline", make: func(s *hooked) {
		s.onSend(context.DeadlineExceeded, becomes(context.Canceled))
	}},
	{name: "the error of a deadline has no Timeout", caught: "Context/PastDeadline", make: func(s *hooked) {
		s.onReceive(context.DeadlineExceeded, becomes(untimely{}))
	}},
	{name: "context.Cause is not in the error", caught: "Context/CancelWakesReceive", make: func(s *hooked) {
		s.onReceive(context.Canceled, becomes(context.Canceled))
	}},
	{name: "ReceiveSome ignores its context", caught: "Context/CancelWakesReceive", hangs: true, make: func(s *hooked) {
		s.receive = func(ctx context.Context, p []byte) (int, error) {
			if _, probe := ctx.Deadline(); probe {
				return s.Stream.ReceiveSome(ctx, p)
			}
			return s.Stream.ReceiveSome(context.WithoutCancel(ctx), p)
		}
	}},
	{name: "a cancelled send breaks the stream", caught: "Context/CancelWakesSend", make: func(s *hooked) {
		s.send = breaksWithCancel(s, func() error { return fail(abc.ErrBroken) })
	}},
	{name: "a stream that a cancelled send broke is ErrClosed", caught: "Context/CancelWakesSend", caps: abctest.Caps{NoSendAfterCancel: true}, make: func(s *hooked) {
		s.send = breaksWithCancel(s, func() error { return fail(abc.ErrClosed) })
	}},
	{name: "a stream that a cancelled send broke heals", caught: "Context/CancelWakesSend", caps: abctest.Caps{NoSendAfterCancel: true}, make: func(s *hooked) {
		n := 0
		s.send = breaksWithCancel(s, func() error {
			if n++; n > 1 {
				return nil
			}
			return fail(abc.ErrBroken)
		})
	}},
	{name: "SendAll ignores its context", caught: "Context/CancelWakesSend", hangs: true, make: func(s *hooked) {
		s.send = func(ctx context.Context, p []byte) error { return s.Stream.SendAll(context.WithoutCancel(ctx), p) }
	}},
	{name: "a send's deadline is os.ErrDeadlineExceeded", caught: "Context/DeadlineWakesSend", make: func(s *hooked) {
		s.onSend(context.DeadlineExceeded, becomes(os.ErrDeadlineExceeded))
	}},
	{name: "a deadline lingers", caught: "Context/DeadlineDoesNotLinger", make: func(s *hooked) {
		var last time.Time
		s.receive = func(ctx context.Context, p []byte) (int, error) {
			if d, ok := ctx.Deadline(); ok && time.Until(d) > 5*time.Millisecond { // not a probe's
				last = d
			} else if !ok && !last.IsZero() {
				var cancel context.CancelFunc
				ctx, cancel = context.WithDeadline(ctx, last)
				defer cancel()
			}
			return s.Stream.ReceiveSome(ctx, p)
		}
	}},
	{name: "a context that ends later ends the next receive", caught: "Context/EndsAfterOperation", make: func(s *hooked) {
		var last context.Context
		s.receive = func(ctx context.Context, p []byte) (int, error) {
			prev := last
			last = ctx
			if prev == nil {
				return s.Stream.ReceiveSome(ctx, p)
			}
			ctx, cancel := context.WithCancel(ctx)
			defer cancel()
			defer context.AfterFunc(prev, cancel)()
			return s.Stream.ReceiveSome(ctx, p)
		}
	}},
	{name: "a receive also ends with the context of the one before", caught: "Context/Alternating", make: func(s *hooked) {
		var mu sync.Mutex
		var last context.Context
		s.receive = func(ctx context.Context, p []byte) (int, error) {
			if _, probe := ctx.Deadline(); probe {
				return s.Stream.ReceiveSome(ctx, p)
			}
			mu.Lock()
			prev := last
			mu.Unlock()
			inner, cancel := context.WithCancel(ctx)
			defer cancel()
			if prev != nil {
				defer context.AfterFunc(prev, cancel)()
			}
			n, err := s.Stream.ReceiveSome(inner, p)
			if err == nil {
				mu.Lock()
				defer mu.Unlock()
				last = ctx
			}
			return n, err
		}
	}},
}

var cancelFaults = []fault{
	{name: "a cancelled receive loses what it took", caught: "Receive/CancelLosesNothing", make: func(s *hooked) {
		s.receive = func(ctx context.Context, p []byte) (int, error) {
			n, err := s.Stream.ReceiveSome(ctx, p)
			if n > 0 { // as if it had to hand them on to another goroutine
				select {
				case <-ctx.Done():
					return 0, fail(abc.ContextErr(ctx))
				case <-time.After(100 * time.Microsecond):
				}
			}
			return n, err
		}
	}},
	{name: "a cancelled receive returns what it took with its error", caught: "Receive/CancelLosesNothing", make: func(s *hooked) {
		s.receive = func(ctx context.Context, p []byte) (int, error) {
			n, err := s.Stream.ReceiveSome(ctx, p)
			if n > 0 && err == nil {
				select {
				case <-ctx.Done():
					err = fail(abc.ContextErr(ctx))
				case <-time.After(100 * time.Microsecond):
				}
			}
			return n, err
		}
	}},
	{name: "a cancelled send does not say what it sent", caught: "Send/CancelContinues", make: func(s *hooked) {
		s.send = func(ctx context.Context, p []byte) error {
			err := s.Stream.SendAll(ctx, p)
			var op *abc.OpError
			if errors.As(err, &op) {
				return fail(op.Err)
			}
			return err
		}
	}},
	{name: "a cancelled send counts a byte too many", caught: "Send/CancelContinues", make: func(s *hooked) {
		s.send = func(ctx context.Context, p []byte) error {
			err := s.Stream.SendAll(ctx, p)
			var op *abc.OpError
			if errors.As(err, &op) && op.Sent > 0 && op.Sent < len(p) {
				return &abc.OpError{Op: op.Op, Transport: op.Transport, Sent: op.Sent + 1, Err: op.Err}
			}
			return err
		}
	}},
	{name: "a cancelled send does not know what it sent", caught: "Send/CancelContinues", make: func(s *hooked) {
		s.send = func(ctx context.Context, p []byte) error {
			err := s.Stream.SendAll(ctx, p)
			var op *abc.OpError
			if errors.As(err, &op) && op.Sent > 0 {
				return &abc.OpError{Op: op.Op, Transport: op.Transport, Sent: -1, Err: op.Err}
			}
			return err
		}
	}},
}

// breaksWithCancel is a SendAll that, after one was cancelled, returns what
// broken does.
func breaksWithCancel(s *hooked, broken func() error) func(ctx context.Context, p []byte) error {
	var isBroken atomic.Bool
	return func(ctx context.Context, p []byte) error {
		if isBroken.Load() {
			return broken()
		}
		err := s.Stream.SendAll(ctx, p)
		if len(p) > 0 && err != nil && ctx.Err() != nil {
			isBroken.Store(true)
		}
		return err
	}
}

// untimely is a context.DeadlineExceeded that is no timeout.
type untimely struct{}

func (untimely) Error() string        { return "deadline exceeded" }
func (untimely) Is(target error) bool { return target == context.DeadlineExceeded }
