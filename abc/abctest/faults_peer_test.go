package abctest_test

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/tributary-go/tributary/abc"
)

var peerFaults = []fault{
	{name: "a send to a peer that is gone succeeds", caught: "Peer/ReceiverCloses", make: func(s *hooked) {
		s.onSend(abc.ErrBroken, isHidden)
	}},
	{name: "a send to a peer that is gone is ErrClosed", caught: "Peer/ReceiverCloses", make: func(s *hooked) {
		s.onSend(abc.ErrBroken, becomes(abc.ErrClosed))
	}},
	{name: "Close of a broken stream does not close", caught: "Peer/ReceiverCloses", make: func(s *hooked) {
		s.onSend(abc.ErrClosed, becomes(abc.ErrBroken))
	}},
	{name: "a broken stream heals", caught: "Peer/ReceiverClosesForcefully", make: func(s *hooked) {
		n := 0
		s.onSend(abc.ErrBroken, func(_ context.Context, err error) error {
			if n++; n%2 == 0 {
				return nil
			}
			return err
		})
	}},
	{name: "ErrBroken is also io.EOF", caught: "Peer/ReceiverClosesForcefully", make: func(s *hooked) {
		s.onSend(abc.ErrBroken, becomes(fmt.Errorf("%w: %w", abc.ErrBroken, io.EOF)))
	}},
	{name: "a context's error is not seen on a broken stream", caught: "Peer/ReceiverClosesForcefully", make: func(s *hooked) {
		s.send = func(ctx context.Context, p []byte) error {
			if err := s.Stream.SendAll(context.WithoutCancel(ctx), p); errors.Is(err, abc.ErrBroken) {
				return err
			}
			return s.Stream.SendAll(ctx, nil)
		}
	}},
	{name: "a blocked send does not notice that the peer is gone", caught: "Peer/ReceiverCloseWakesSend", hangs: true, make: func(s *hooked) {
		s.onSend(abc.ErrBroken, isMissed)
	}},
	{name: "a send whose peer closes is ErrClosed", caught: "Peer/ReceiverCloseWakesSend", make: func(s *hooked) {
		s.onSend(abc.ErrBroken, becomes(abc.ErrClosed))
	}},
	{name: "a reset turns into EOF", caught: "Peer/SenderClosesForcefully", make: func(s *hooked) {
		reset := false
		s.onReceive(io.EOF, func(_ context.Context, err error) error {
			if !reset {
				reset = true
				return fail(abc.Broken(errors.New("connection reset by peer")))
			}
			return err
		})
	}},
	{name: "a forceful Close does not tell the peer", caught: "Peer/SenderClosesForcefully", hangs: true, make: leavesOpen},
	{name: "a receive whose peer is gone is ErrClosed", caught: "Peer/SenderCloseWakesReceive", make: func(s *hooked) {
		s.onReceive(io.EOF, becomes(abc.ErrClosed))
	}},
	{name: "Close says good-bye in the middle of the data", caught: "Peer/SenderClosesHalfway", make: func(s *hooked) {
		s.close = func(ctx context.Context) error {
			for errors.Is(s.Stream.SendAll(context.Background(), []byte("bye")), abc.ErrBusy) {
			}
			return s.Stream.Close(ctx)
		}
	}},
}
