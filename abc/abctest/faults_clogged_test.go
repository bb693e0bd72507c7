package abctest_test

import (
	"context"
	"slices"
	"sync"

	"github.com/tributary-go/tributary/abc"
)

// cloggedFaults are caught by the cases Clogged/….
var cloggedFaults = []fault{
	{name: "a send that had to wait is lost", caught: "SendWaits", make: func(s *hooked) {
		s.send = func(ctx context.Context, p []byte) error {
			if len(p) == 0 {
				return s.Stream.SendAll(ctx, p)
			}
			return s.waitBelow(ctx)
		}
	}},
	{name: "SendEOF during a send succeeds", caught: "SecondSend", make: func(s *hooked) {
		s.onSendEOF(abc.ErrBusy, isHidden)
	}},
	{name: "WaitSendable during a send succeeds", caught: "SecondSend", make: func(s *hooked) {
		s.onWait(abc.ErrBusy, isHidden)
	}},
	{name: "a second send ends the first", caught: "SecondSend", make: func(s *hooked) {
		var inside exchange
		s.send = func(ctx context.Context, p []byte) error {
			if len(p) == 0 {
				return s.Stream.SendAll(ctx, p)
			}
			return inside.run(ctx, func(ctx context.Context) error { return s.Stream.SendAll(ctx, p) })
		}
	}},
	{name: "a cancelled send is sent with the next one", caught: "Cancel", make: func(s *hooked) {
		var mu sync.Mutex
		var left []byte
		s.send = func(ctx context.Context, p []byte) error {
			if len(p) == 0 {
				return s.Stream.SendAll(ctx, p)
			}
			mu.Lock()
			all := slices.Concat(left, p)
			mu.Unlock()
			err := s.Stream.SendAll(ctx, all)
			mu.Lock()
			defer mu.Unlock()
			if left = nil; err != nil && ctx.Err() != nil {
				left = all
			}
			return err
		}
	}},
	{name: "a cancelled send says -1 and goes on", caught: "Cancel", make: func(s *hooked) {
		s.onSend(context.Canceled, func(_ context.Context, err error) error {
			return &abc.OpError{Op: "send", Transport: "faulty", Sent: -1, Err: err}
		})
	}},
	{name: "Close waits for a blocked send", caught: "Close", hangs: true, make: waitsForSends},
	{name: "a send that Close wakes succeeds", caught: "Close", make: func(s *hooked) { s.onSend(abc.ErrClosed, isHidden) }},
	{name: "a graceful Close ignores that its context ends", caught: "CloseWithin", hangs: true, make: func(s *hooked) {
		s.close = func(ctx context.Context) error {
			if ctx.Err() == nil {
				_ = s.waitBelow(context.WithoutCancel(ctx))
			}
			return s.Stream.Close(ctx)
		}
	}},
	{name: "a Close whose context ends closes nothing", caught: "CloseWithin", make: func(s *hooked) {
		s.close = func(ctx context.Context) error {
			if err := s.waitBelow(ctx); err != nil {
				return err
			}
			return s.Stream.Close(ctx)
		}
	}},
	{name: "a blocked send whose peer goes is ErrClosed", caught: "PeerCloses", make: func(s *hooked) {
		s.onSend(abc.ErrBroken, becomes(abc.ErrClosed))
	}},
	{name: "WaitSendable does not notice that there is room", caught: "WaitSendable", hangs: true, make: neverSendable},
	{name: "WaitSendable times out by itself", caught: "WaitSendable", make: func(s *hooked) {
		s.wait = func(context.Context) error { return fail(context.DeadlineExceeded) }
	}},
}
