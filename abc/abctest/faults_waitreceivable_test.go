package abctest_test

import (
	"context"
	"io"
)

var waitReceivableFaults = []fault{
	{name: "WaitReceivable receives a byte to find out", caught: "WaitReceivable/TakesNothing", make: func(s *hooked) {
		s.receivable = func(ctx context.Context) error {
			_, err := s.Stream.ReceiveSome(ctx, make([]byte, 1))
			return err
		}
	}},
	{name: "WaitReceivable does not notice that something has come", caught: "WaitReceivable/TakesNothing", hangs: true, make: func(s *hooked) {
		s.receivable = func(ctx context.Context) error { return isMissed(ctx, nil) }
	}},
	{name: "WaitReceivable returns the end itself", caught: "WaitReceivable/AtTheEnd", make: func(s *hooked) {
		s.receivable = func(context.Context) error { return io.EOF }
	}},
	{name: "WaitReceivable does not look at its context", caught: "WaitReceivable/DoneContext", make: func(s *hooked) {
		s.receivable = func(context.Context) error { return nil }
	}},
	{name: "WaitReceivable during a receive succeeds", caught: "WaitReceivable/Busy", make: func(s *hooked) {
		s.receivable = s.receivableBelow
	}},
	{name: "WaitReceivable cannot be cancelled", caught: "WaitReceivable/CancelWakes", hangs: true, make: func(s *hooked) {
		s.receivable = func(ctx context.Context) error {
			_, err := s.Stream.ReceiveSome(context.WithoutCancel(ctx), make([]byte, 8))
			return err
		}
	}},
	{name: "Close does not wake WaitReceivable", caught: "WaitReceivable/WokenByClose", hangs: true, make: func(s *hooked) {
		s.receivable = func(ctx context.Context) error { return isMissed(ctx, nil) }
	}},
	{name: "WaitReceivable after Close succeeds", caught: "WaitReceivable/WokenByClose", make: func(s *hooked) {
		s.receivable = s.receivableBelow
	}},
}
