package abctest_test

import (
	"context"
	"errors"
	"io"
	"sync/atomic"
	"time"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/abc/abctest"
)

var sendEOFFaults = []fault{
	{name: "SendEOF is an error the second time", caught: "SendEOF/EndsOneDirection", make: func(s *hooked) {
		n := 0
		s.sendEOF = func(ctx context.Context) error {
			if n++; n > 1 {
				return fail(abc.ErrClosed)
			}
			return s.Stream.SendEOF(ctx)
		}
	}},
	{name: "SendEOF does nothing", caught: "SendEOF/EndsOneDirection", hangs: true, make: func(s *hooked) {
		s.sendEOF = func(context.Context) error { return nil }
	}},
	{name: "SendEOF does nothing, and is declared to be unsupported", caught: "SendEOF/EndsOneDirection", caps: abctest.Caps{NoSendEOF: true}, make: func(s *hooked) {
		s.sendEOF = func(context.Context) error { return nil }
	}},
	{name: "SendEOF is unsupported, and not declared to be", caught: "SendEOF/EndsOneDirection", make: func(s *hooked) {
		s.sendEOF = func(context.Context) error { return fail(errors.ErrUnsupported) }
	}},
	{name: "an unsupported SendEOF ends the direction", caught: "SendEOF/EndsOneDirection", caps: abctest.Caps{NoSendEOF: true}, make: func(s *hooked) {
		s.sendEOF = func(ctx context.Context) error {
			_ = s.Stream.SendEOF(ctx)
			return fail(errors.ErrUnsupported)
		}
	}},
	{name: "CanSendEOF denies a SendEOF that works", caught: "SendEOF/EndsOneDirection", make: func(s *hooked) {
		s.canEnd = func() bool { return false }
	}},
	{name: "after SendEOF nothing is received", caught: "SendEOF/EndsOneDirection", make: func(s *hooked) {
		var ended atomic.Bool
		s.sendEOF = func(ctx context.Context) error { ended.Store(true); return s.Stream.SendEOF(ctx) }
		s.receive = func(ctx context.Context, p []byte) (int, error) {
			if ended.Load() {
				return 0, io.EOF
			}
			return s.Stream.ReceiveSome(ctx, p)
		}
	}},
	{name: "a send after SendEOF is ErrBroken", caught: "SendEOF/EndsOneDirection", make: func(s *hooked) {
		s.onSend(abc.ErrClosed, becomes(abc.ErrBroken))
	}},
	{name: "Close fails when both directions have ended", caught: "SendEOF/BothDirections", make: func(s *hooked) {
		var ends atomic.Int32 // as shutdown(2) of a socket that is not connected any more
		s.sendEOF = func(ctx context.Context) error { ends.Add(1); return s.Stream.SendEOF(ctx) }
		s.onReceive(io.EOF, func(_ context.Context, err error) error { ends.Add(1); return err })
		s.close = func(ctx context.Context) error {
			_ = s.Stream.Close(ctx)
			if ends.Load() > 1 {
				return fail(abc.Broken(errors.New("not connected")))
			}
			return nil
		}
	}},
	{name: "SendEOF drops what is not flushed", caught: "SendEOF/AfterAllBytes", make: holdsBackTheEnd},
	{name: "SendEOF ends both directions", caught: "SendEOF/LeavesReceiveAlone", make: func(s *hooked) {
		s.sendEOF = func(ctx context.Context) error { return s.Stream.Close(ctx) }
	}},
	{name: "SendEOF does not look at its context", caught: "SendEOF/DoneContext", make: func(s *hooked) {
		s.sendEOF = func(ctx context.Context) error { return s.Stream.SendEOF(context.WithoutCancel(ctx)) }
	}},
	{name: "SendEOF with a done context ends the direction", caught: "SendEOF/DoneContext", make: func(s *hooked) {
		s.sendEOF = func(ctx context.Context) error {
			_ = s.Stream.SendEOF(context.WithoutCancel(ctx))
			return s.Stream.SendEOF(ctx)
		}
	}},
	{name: "SendEOF after Close succeeds", caught: "SendEOF/AfterClose", make: func(s *hooked) {
		s.onSendEOF(abc.ErrClosed, isHidden)
	}},
	{name: "SendEOF after Close does not look at its context", caught: "SendEOF/AfterClose", make: func(s *hooked) {
		var closed atomic.Bool
		s.close = func(ctx context.Context) error { closed.Store(true); return s.Stream.Close(ctx) }
		s.sendEOF = func(ctx context.Context) error {
			if closed.Load() {
				return fail(abc.ErrClosed)
			}
			return s.Stream.SendEOF(ctx)
		}
	}},
	{name: "another SendEOF hides that the stream was closed", caught: "SendEOF/ThenClose", make: func(s *hooked) {
		ended := false
		s.sendEOF = func(ctx context.Context) error {
			if ended {
				return nil
			}
			ended = true
			return s.Stream.SendEOF(ctx)
		}
	}},
	{name: "SendEOF during a send waits for it", caught: "SendEOF/Busy", hangs: true, make: func(s *hooked) {
		s.sendEOF = func(ctx context.Context) error {
			for {
				if err := s.Stream.SendEOF(ctx); !errors.Is(err, abc.ErrBusy) {
					return err
				}
				<-time.After(time.Millisecond)
			}
		}
	}},
	{name: "SendEOF interrupts a send", caught: "SendEOF/Busy", make: func(s *hooked) {
		var inside exchange
		s.send = func(ctx context.Context, p []byte) error {
			if len(p) == 0 {
				return s.Stream.SendAll(ctx, p)
			}
			return inside.run(ctx, func(ctx context.Context) error { return s.Stream.SendAll(ctx, p) })
		}
		s.sendEOF = func(ctx context.Context) error { return inside.run(ctx, s.Stream.SendEOF) }
	}},
}
