package abctest_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/tributary-go/tributary/abc"
)

var bufferFaults = []fault{
	{name: "a cancelled receive goes on in its buffer", caught: "Buffer/ReceiveLetsGo", make: func(s *hooked) {
		type result struct {
			p   []byte
			n   int
			err error
		}
		var guard abc.Guard
		var pending chan result
		s.receive = func(ctx context.Context, p []byte) (int, error) {
			if err := guard.EnterReceive(ctx, p); err != nil {
				return 0, fail(err)
			}
			defer guard.Leave()
			if pending == nil {
				ch := make(chan result, 1)
				pending = ch
				go func() {
					n, err := s.Stream.ReceiveSome(context.Background(), p)
					ch <- result{p[:n], n, err}
				}()
			}
			select {
			case r := <-pending:
				pending = nil
				return copy(p, r.p), r.err
			case <-ctx.Done():
				return 0, fail(abc.ContextErr(ctx))
			}
		}
	}},
	{name: "SendAll reads its buffer later", caught: "Buffer/SendLetsGo", make: func(s *hooked) {
		s.send = func(ctx context.Context, p []byte) error {
			if len(p) < 1000 {
				return s.Stream.SendAll(ctx, p)
			}
			time.AfterFunc(5*time.Millisecond, func() { _ = s.Stream.SendAll(context.WithoutCancel(ctx), unseen(p)) })
			return nil
		}
	}},
	{name: "what a cancelled send has left is sent by the next one", caught: "Buffer/CancelledSendLetsGo", make: func(s *hooked) {
		var mu sync.Mutex
		var left []byte
		s.send = func(ctx context.Context, p []byte) error {
			mu.Lock()
			if left != nil {
				p, left = slices.Concat(left, p), nil
			}
			mu.Unlock()
			err := s.Stream.SendAll(ctx, p)
			var op *abc.OpError
			if errors.As(err, &op) && ctx.Err() != nil && op.Sent+100 < len(p) {
				mu.Lock()
				defer mu.Unlock()
				left = p[op.Sent : op.Sent+100]
				return &abc.OpError{Op: op.Op, Transport: op.Transport, Sent: op.Sent + 100, Err: op.Err}
			}
			return err
		}
	}},
}

// unseen copies p without the race detector, which would find the fault by
// itself.
//
//go:norace
func unseen(p []byte) []byte {
	q := make([]byte, len(p))
	for i := len(p) - 1; i >= 0; i-- { // copy would tell the detector
		q[i] = p[i]
	}
	return q
}
