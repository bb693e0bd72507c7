package abctest_test

import (
	"context"
	"io"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/tributary-go/tributary/abc"
)

var duplexFaults = []fault{
	{name: "bytes are reordered in a large transfer", caught: "Duplex/RandomSizes", make: func(s *hooked) {
		total := 0
		s.send = func(ctx context.Context, p []byte) error {
			total += len(p)
			if half := len(p) / 2; total > 512<<10 {
				p = slices.Concat(p[half:], p[:half])
			}
			return s.Stream.SendAll(ctx, p)
		}
	}},
	{name: "a send and a receive exclude each other", caught: "Duplex/SendDuringReceive", make: func(s *hooked) {
		var guard abc.Guard
		s.send = func(ctx context.Context, p []byte) error {
			if err := guard.Enter(ctx); err != nil {
				return fail(err)
			}
			defer guard.Leave()
			return s.Stream.SendAll(ctx, p)
		}
		s.receive = func(ctx context.Context, p []byte) (int, error) {
			if len(p) == 1 { // lest the first bytes should meet
				return s.Stream.ReceiveSome(ctx, p)
			}
			if err := guard.EnterReceive(ctx, p); err != nil {
				return 0, fail(err)
			}
			defer guard.Leave()
			return s.Stream.ReceiveSome(ctx, p)
		}
	}},
	{name: "nothing is received during a send", caught: "Duplex/ReceiveDuringSend", make: func(s *hooked) {
		var sending atomic.Bool
		s.send = func(ctx context.Context, p []byte) error {
			if len(p) > 1000 {
				sending.Store(true)
				defer sending.Store(false)
			}
			return s.Stream.SendAll(ctx, p)
		}
		s.receive = func(ctx context.Context, p []byte) (int, error) {
			if sending.Load() {
				return 0, fail(abc.ErrBusy)
			}
			return s.Stream.ReceiveSome(ctx, p)
		}
	}},
	{name: "cancelling a receive cancels a send", caught: "Duplex/CancelReceiveLeavesSend", make: func(s *hooked) {
		var send exchange
		s.send = func(ctx context.Context, p []byte) error {
			if len(p) == 0 {
				return s.Stream.SendAll(ctx, p)
			}
			return send.run(ctx, func(ctx context.Context) error { return s.Stream.SendAll(ctx, p) })
		}
		s.receive = func(ctx context.Context, p []byte) (int, error) {
			n, err := s.Stream.ReceiveSome(ctx, p)
			if _, probe := ctx.Deadline(); err != nil && !probe && ctx.Err() != nil {
				send.cancel()
			}
			return n, err
		}
	}},
	{name: "cancelling a send cancels a receive", caught: "Duplex/CancelSendLeavesReceive", make: func(s *hooked) {
		var receive exchange
		s.receive = func(ctx context.Context, p []byte) (n int, err error) {
			if _, probe := ctx.Deadline(); probe {
				return s.Stream.ReceiveSome(ctx, p)
			}
			err = receive.run(ctx, func(ctx context.Context) error { n, err = s.Stream.ReceiveSome(ctx, p); return err })
			return n, err
		}
		s.send = func(ctx context.Context, p []byte) error {
			err := s.Stream.SendAll(ctx, p)
			if ctx.Err() != nil {
				receive.cancel()
			}
			return err
		}
	}},
	{name: "Close wakes only one of two operations", caught: "Duplex/CloseWakesBoth", hangs: true, make: func(s *hooked) {
		var receiving atomic.Bool
		s.receive = func(ctx context.Context, p []byte) (int, error) {
			if len(p) == 8 {
				receiving.Store(true)
			}
			return s.Stream.ReceiveSome(ctx, p)
		}
		s.onSend(abc.ErrClosed, func(ctx context.Context, err error) error {
			if receiving.Load() {
				return isMissed(ctx, err)
			}
			return err
		})
	}},
	{name: "the peer's good-bye is received after Close", caught: "Duplex/CloseHidesPeer", make: func(s *hooked) {
		var once sync.Once
		received := make(chan struct{})
		s.receive = func(ctx context.Context, p []byte) (int, error) {
			n, err := s.Stream.ReceiveSome(ctx, p)
			if n > 1 {
				once.Do(func() { close(received) })
			}
			return n, err
		}
		s.close = func(ctx context.Context) error {
			_ = s.Stream.SendEOF(ctx)
			select { // a graceful Close waits for the peer's end
			case <-received:
			case <-ctx.Done():
			}
			return s.Stream.Close(ctx)
		}
	}},
	{name: "a graceful Close is a reset to the peer", caught: "Duplex/CloseAgainstReceiver", make: func(s *hooked) {
		s.onReceive(io.EOF, becomes(abc.Broken(io.EOF)))
	}},
	{name: "a graceful Close waits until the peer closes", caught: "Duplex/CloseAgainstReceiver", hangs: true, make: func(s *hooked) {
		s.close = func(ctx context.Context) error {
			_ = s.Stream.SendEOF(ctx)
			for buf := make([]byte, 64); ; {
				if _, err := s.Stream.ReceiveSome(ctx, buf); err != nil {
					return s.Stream.Close(ctx)
				}
			}
		}
	}},
}
