package abctest_test

import (
	"context"
	"errors"

	"github.com/tributary-go/tributary/abc"
)

var waitFaults = []fault{
	{name: "WaitSendable is there, but unsupported", caught: "WaitSendable/Idle", make: func(s *hooked) {
		s.wait = func(context.Context) error { return fail(errors.ErrUnsupported) }
	}},
	{name: "WaitSendable sends a byte to find out", caught: "WaitSendable/Idle", make: func(s *hooked) {
		s.wait = func(ctx context.Context) error { return s.Stream.SendAll(ctx, []byte{0}) }
	}},
	{name: "WaitSendable does not look at its context", caught: "WaitSendable/DoneContext", make: func(s *hooked) {
		s.wait = func(ctx context.Context) error { return s.waitBelow(context.WithoutCancel(ctx)) }
	}},
	{name: "WaitSendable does not notice that there is room", caught: "WaitSendable/NeverLate", hangs: true, make: neverSendable},
	{name: "WaitSendable times out by itself", caught: "WaitSendable/NeverLate", make: func(s *hooked) {
		s.wait = func(ctx context.Context) error {
			if err := s.Stream.SendAll(ctx, nil); err != nil {
				return err
			}
			return fail(context.DeadlineExceeded)
		}
	}},
	{name: "a WaitSendable excludes nothing", caught: "WaitSendable/Excludes", make: func(s *hooked) {
		s.wait = func(ctx context.Context) error {
			<-ctx.Done()
			return fail(abc.ContextErr(ctx))
		}
	}},
	{name: "a second WaitSendable succeeds", caught: "WaitSendable/Excludes", make: func(s *hooked) {
		s.onWait(abc.ErrBusy, isHidden)
	}},
	{name: "SendEOF during WaitSendable succeeds", caught: "WaitSendable/Excludes", make: func(s *hooked) {
		s.wait = s.waitBelow
		s.onSendEOF(abc.ErrBusy, isHidden)
	}},
	{name: "WaitSendable cannot be cancelled", caught: "WaitSendable/CancelWakes", hangs: true, make: func(s *hooked) {
		s.wait = func(ctx context.Context) error { return s.waitBelow(context.WithoutCancel(ctx)) }
	}},
	{name: "the cause is not in the error of a cancelled WaitSendable", caught: "WaitSendable/CancelWakes", make: func(s *hooked) {
		s.onWait(context.Canceled, becomes(context.Canceled))
	}},
	{name: "Close does not wake WaitSendable", caught: "WaitSendable/WokenByClose", hangs: true, make: func(s *hooked) {
		s.onWait(abc.ErrClosed, isMissed)
	}},
	{name: "a WaitSendable that Close wakes is ErrBroken", caught: "WaitSendable/WokenByClose", make: func(s *hooked) {
		s.onWait(abc.ErrClosed, becomes(abc.ErrBroken))
	}},
	{name: "WaitSendable does not notice that the peer is gone", caught: "WaitSendable/WokenByPeer", hangs: true, make: func(s *hooked) {
		s.onWait(abc.ErrBroken, isMissed)
	}},
	{name: "WaitSendable says ErrClosed when the peer is gone", caught: "WaitSendable/WokenByPeer", make: func(s *hooked) {
		s.onWait(abc.ErrBroken, becomes(abc.ErrClosed))
	}},
}

// neverSendable is inside its half of the stream until its context ends.
func neverSendable(s *hooked) {
	s.wait = func(ctx context.Context) error {
		if err := s.waitBelow(ctx); err != nil {
			return err
		}
		return isMissed(ctx, nil)
	}
}
