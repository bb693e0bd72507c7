package abctest_test

import (
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"

	"github.com/tributary-go/tributary/abc"
)

var closeFaults = []fault{
	{name: "a second Close fails", caught: "Close/Twice", make: func(s *hooked) {
		var closed atomic.Bool
		s.close = func(ctx context.Context) error {
			if closed.Swap(true) {
				return fail(abc.ErrClosed)
			}
			return s.Stream.Close(ctx)
		}
	}},
	{name: "a Close after a forceful one fails", caught: "Close/TwiceForcefully", make: func(s *hooked) {
		var forced atomic.Bool
		s.close = func(ctx context.Context) error {
			if ctx.Err() != nil {
				forced.Store(true)
			} else if forced.Load() {
				return fail(abc.ErrClosed)
			}
			return s.Stream.Close(ctx)
		}
	}},
	{name: "Close of what is closed reports a done context", caught: "Close/TwiceForcefully", make: func(s *hooked) {
		s.close = func(ctx context.Context) error {
			_ = s.Stream.Close(ctx)
			if ctx.Err() != nil {
				return fail(abc.ContextErr(ctx))
			}
			return nil
		}
	}},
	{name: "a forceful Close is an error", caught: "Close/Forcefully", make: func(s *hooked) {
		s.close = func(ctx context.Context) error {
			_ = s.Stream.Close(ctx)
			if ctx.Err() != nil {
				return fail(abc.ErrBroken)
			}
			return nil
		}
	}},
	{name: "a forceful Close does nothing", caught: "Close/DoneContext", make: func(s *hooked) {
		s.close = func(ctx context.Context) error {
			if ctx.Err() != nil {
				return fail(abc.ContextErr(ctx))
			}
			return s.Stream.Close(ctx)
		}
	}},
	{name: "Close under a done context waits for the peer", caught: "Close/DoneContext", hangs: true, make: func(s *hooked) {
		s.close = func(ctx context.Context) error {
			_ = s.Stream.SendEOF(context.Background())
			_, _ = s.Stream.ReceiveSome(context.Background(), make([]byte, 1))
			return s.Stream.Close(ctx)
		}
	}},
	{name: "Close reports a context's error without an OpError", caught: "Close/DoneContext", make: func(s *hooked) {
		s.close = func(ctx context.Context) error {
			_ = s.Stream.Close(ctx)
			return ctx.Err()
		}
	}},
	{name: "a send after Close is ErrBroken", caught: "Close/LaterSends", make: func(s *hooked) {
		s.onSend(abc.ErrClosed, becomes(abc.ErrBroken))
	}},
	{name: "an empty send after Close succeeds", caught: "Close/LaterSends", make: func(s *hooked) {
		s.send = func(ctx context.Context, p []byte) error {
			if len(p) == 0 {
				return nil
			}
			return s.Stream.SendAll(ctx, p)
		}
	}},
	{name: "a send after Close does not know what it sent", caught: "Close/LaterSends", make: func(s *hooked) {
		s.onSend(abc.ErrClosed, func(_ context.Context, err error) error {
			return &abc.OpError{Op: "send", Transport: "faulty", Sent: -1, Err: abc.ErrClosed}
		})
	}},
	{name: "SendVector after Close succeeds", caught: "Close/LaterSends", make: func(s *hooked) {
		s.vector = func(ctx context.Context, bufs [][]byte) error {
			return reaction(isHidden).to(abc.ErrClosed, ctx, abc.SendVector(ctx, s.Stream, bufs...))
		}
	}},
	{name: "WaitSendable after Close succeeds", caught: "Close/LaterSends", make: func(s *hooked) {
		s.onWait(abc.ErrClosed, isHidden)
	}},
	{name: "a send after Close does not look at its context", caught: "Close/LaterSends", make: func(s *hooked) {
		var closed atomic.Bool
		s.close = func(ctx context.Context) error { closed.Store(true); return s.Stream.Close(ctx) }
		s.send = func(ctx context.Context, p []byte) error {
			if closed.Load() {
				return fail(abc.ErrClosed)
			}
			return s.Stream.SendAll(ctx, p)
		}
	}},
	{name: "ErrClosed comes without an OpError", caught: "Close/LaterReceives", make: func(s *hooked) {
		s.onReceive(abc.ErrClosed, func(context.Context, error) error { return abc.ErrClosed })
	}},
	{name: "ErrClosed hides that the buffer is empty", caught: "Close/LaterReceives", make: func(s *hooked) {
		var closed atomic.Bool
		s.close = func(ctx context.Context) error { closed.Store(true); return s.Stream.Close(ctx) }
		s.receive = func(ctx context.Context, p []byte) (int, error) {
			if closed.Load() {
				return 0, fail(abc.ErrClosed)
			}
			return s.Stream.ReceiveSome(ctx, p)
		}
	}},
	{name: "a receive after Close does not look at its context", caught: "Close/LaterReceives", make: func(s *hooked) {
		var closed atomic.Bool
		s.close = func(ctx context.Context) error { closed.Store(true); return s.Stream.Close(ctx) }
		s.receive = func(ctx context.Context, p []byte) (int, error) {
			if closed.Load() {
				ctx = context.WithoutCancel(ctx)
			}
			return s.Stream.ReceiveSome(ctx, p)
		}
	}},
	{name: "a forceful Close complains of bytes that nobody received", caught: "Close/BeatsBufferedData", make: func(s *hooked) {
		s.close = func(ctx context.Context) error {
			_ = s.Stream.Close(ctx)
			return fail(abc.ErrBroken)
		}
	}},
	{name: "bytes are delivered after Close", caught: "Close/BeatsBufferedData", make: func(s *hooked) {
		s.close = func(ctx context.Context) error {
			s.receive = func(context.Context, []byte) (int, error) { return 1, nil }
			return s.Stream.Close(ctx)
		}
	}},
	{name: "EOF is delivered after Close", caught: "Close/BeatsEOF", make: func(s *hooked) {
		var ended atomic.Bool
		s.receive = func(ctx context.Context, p []byte) (int, error) {
			if ended.Load() {
				return 0, io.EOF
			}
			n, err := s.Stream.ReceiveSome(ctx, p)
			ended.Store(err == io.EOF)
			return n, err
		}
	}},
	{name: "our own Close is EOF to a blocked receive", caught: "Close/WakesReceive", make: func(s *hooked) {
		s.onReceive(abc.ErrClosed, func(context.Context, error) error { return io.EOF })
	}},
	{name: "Close does not wake a receive", caught: "Close/WakesReceiveForcefully", hangs: true, make: func(s *hooked) {
		s.onReceive(abc.ErrClosed, isMissed)
	}},
	{name: "a send that Close wakes is ErrBroken", caught: "Close/WakesSend", make: func(s *hooked) {
		s.onSend(abc.ErrClosed, becomes(abc.ErrBroken))
	}},
	{name: "a send that Close wakes succeeds", caught: "Close/WakesSend", make: func(s *hooked) {
		s.onSend(abc.ErrClosed, isHidden)
	}},
	{name: "Close waits for a blocked send", caught: "Close/WakesSendForcefully", hangs: true, make: waitsForSends},
	{name: "a Close that could not be graceful closes nothing", caught: "Close/ReleasesAnyway", make: func(s *hooked) {
		s.close = func(ctx context.Context) error {
			if _, ok := ctx.Deadline(); ok {
				return isMissed(ctx, nil)
			}
			return s.Stream.Close(ctx)
		}
	}},
	{name: "a Close that could not be graceful keeps the transport open", caught: "Close/ReleasesAnyway", hangs: true, make: func(s *hooked) {
		var closed atomic.Bool
		s.close = func(ctx context.Context) error {
			if _, ok := ctx.Deadline(); ok {
				closed.Store(true)
				return isMissed(ctx, nil)
			}
			if closed.Load() {
				return nil
			}
			return s.Stream.Close(ctx)
		}
		s.send = func(ctx context.Context, p []byte) error {
			if closed.Load() {
				return fail(abc.ErrClosed)
			}
			return s.Stream.SendAll(ctx, p)
		}
	}},
	{name: "Close leaves the transport open", caught: "Close/ReachesBelow", make: leavesOpen},
}

// waitsForSends makes Close wait until no send is inside.
func waitsForSends(s *hooked) {
	var mu sync.Mutex
	s.send = func(ctx context.Context, p []byte) error {
		if len(p) > 0 {
			mu.Lock()
			defer mu.Unlock()
		}
		return s.Stream.SendAll(ctx, p)
	}
	s.close = func(ctx context.Context) error {
		mu.Lock()
		defer mu.Unlock()
		return s.Stream.Close(ctx)
	}
}

// leavesOpen makes Close end the operations of s, but not what s is made of.
func leavesOpen(s *hooked) {
	var guard abc.Guard // of nothing but Close
	ops, end := context.WithCancel(context.Background())
	s.close = func(context.Context) error {
		guard.Close()
		end()
		return nil
	}
	during := func(ctx context.Context, op func(context.Context) error) error {
		if guard.Closed() && ctx.Err() == nil {
			return fail(abc.ErrClosed)
		}
		inner, cancel := context.WithCancel(ctx)
		defer cancel()
		defer context.AfterFunc(ops, cancel)()
		err := op(inner)
		if guard.Closed() && ctx.Err() == nil && (err == nil || errors.Is(err, context.Canceled)) {
			return fail(abc.ErrClosed)
		}
		return err
	}
	s.send = func(ctx context.Context, p []byte) error {
		return during(ctx, func(ctx context.Context) error { return s.Stream.SendAll(ctx, p) })
	}
	s.receive = func(ctx context.Context, p []byte) (n int, err error) {
		err = during(ctx, func(ctx context.Context) error { n, err = s.Stream.ReceiveSome(ctx, p); return err })
		if err != nil {
			n = 0
		}
		return n, err
	}
}
