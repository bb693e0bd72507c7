package abctest_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/tributary-go/tributary/abc"
)

var busyFaults = []fault{
	{name: "a second receive waits", caught: "Busy/TwoReceives", hangs: true, make: func(s *hooked) {
		turn := make(chan struct{}, 1)
		s.receive = func(ctx context.Context, p []byte) (int, error) {
			if _, probe := ctx.Deadline(); probe {
				return s.Stream.ReceiveSome(ctx, p)
			}
			select {
			case turn <- struct{}{}:
				defer func() { <-turn }()
				return s.Stream.ReceiveSome(ctx, p)
			case <-ctx.Done():
				return 0, fail(abc.ContextErr(ctx))
			}
		}
	}},
	{name: "a second receive ends the first", caught: "Busy/TwoReceives", make: func(s *hooked) {
		var inside exchange
		s.receive = func(ctx context.Context, p []byte) (n int, err error) {
			if _, probe := ctx.Deadline(); probe || len(p) == 0 {
				return s.Stream.ReceiveSome(ctx, p)
			}
			err = inside.run(ctx, func(ctx context.Context) error { n, err = s.Stream.ReceiveSome(ctx, p); return err })
			return n, err
		}
	}},
	{name: "a second receive is ErrBusy before anything else", caught: "Busy/TwoReceives", make: func(s *hooked) {
		var inside atomic.Bool
		s.receive = func(ctx context.Context, p []byte) (int, error) {
			if !inside.CompareAndSwap(false, true) {
				return 0, fail(abc.ErrBusy)
			}
			defer inside.Store(false)
			return s.Stream.ReceiveSome(ctx, p)
		}
	}},
	{name: "a second send waits", caught: "Busy/TwoSends", hangs: true, make: func(s *hooked) {
		turn := make(chan struct{}, 1)
		s.send = func(ctx context.Context, p []byte) error {
			if len(p) == 0 { // the probe of the suite
				return s.Stream.SendAll(ctx, p)
			}
			select {
			case turn <- struct{}{}:
				defer func() { <-turn }()
				return s.Stream.SendAll(ctx, p)
			case <-ctx.Done():
				return fail(abc.ContextErr(ctx))
			}
		}
	}},
	{name: "a second send ends the first", caught: "Busy/TwoSends", make: func(s *hooked) {
		var inside exchange
		s.send = func(ctx context.Context, p []byte) error {
			if len(p) == 0 {
				return s.Stream.SendAll(ctx, p)
			}
			return inside.run(ctx, func(ctx context.Context) error { return s.Stream.SendAll(ctx, p) })
		}
	}},
	{name: "a second send is ErrBusy before its context's error", caught: "Busy/TwoSends", make: func(s *hooked) {
		s.send = func(ctx context.Context, p []byte) error {
			if ctx.Err() != nil && errors.Is(s.Stream.SendAll(context.WithoutCancel(ctx), nil), abc.ErrBusy) {
				return fail(abc.ErrBusy)
			}
			return s.Stream.SendAll(ctx, p)
		}
	}},
	{name: "SendVector during a send succeeds", caught: "Busy/TwoSends", make: func(s *hooked) {
		s.vector = func(ctx context.Context, bufs [][]byte) error {
			return reaction(isHidden).to(abc.ErrBusy, ctx, abc.SendVector(ctx, s.Stream, bufs...))
		}
	}},
	{name: "WaitSendable during a send succeeds", caught: "Busy/TwoSends", make: func(s *hooked) {
		s.onWait(abc.ErrBusy, isHidden)
	}},
	{name: "a second send cuts in", caught: "Busy/ContendingSends", make: func(s *hooked) {
		s.send = func(ctx context.Context, p []byte) error {
			if len(p) != 100 {
				return s.Stream.SendAll(ctx, p)
			}
			for i := range p {
				for {
					err := s.Stream.SendAll(ctx, p[i:i+1])
					if err == nil {
						break
					}
					if !errors.Is(err, abc.ErrBusy) {
						return err
					}
					runtime.Gosched()
				}
				runtime.Gosched()
			}
			return nil
		}
	}},
	{name: "a send that is ErrBusy has sent", caught: "Busy/ContendingSends", make: func(s *hooked) {
		var n atomic.Int32
		s.send = func(ctx context.Context, p []byte) error {
			err := s.Stream.SendAll(ctx, p)
			if err == nil && len(p) == 100 && n.Add(1)%50 == 0 {
				return fail(abc.ErrBusy)
			}
			return err
		}
	}},
	{name: "a receive that is ErrBusy has taken bytes", caught: "Busy/ContendingReceives", make: func(s *hooked) {
		var n atomic.Int32
		s.receive = func(ctx context.Context, p []byte) (int, error) {
			m, err := s.Stream.ReceiveSome(ctx, p)
			if err == nil && len(p) == 64 && n.Add(1)%20 == 0 {
				return 0, fail(abc.ErrBusy)
			}
			return m, err
		}
	}},
}

// An exchange runs one operation at a time. A second one is refused, but ends
// the first.
type exchange struct {
	mu    sync.Mutex
	end   context.CancelFunc // of the one inside, or nil
	ended chan struct{}
}

func (x *exchange) run(ctx context.Context, op func(context.Context) error) error {
	if ctx.Err() != nil {
		return op(ctx)
	}
	if x.cancel() {
		return fail(abc.ErrBusy)
	}
	ctx, end := context.WithCancel(ctx)
	ended := make(chan struct{})
	x.mu.Lock()
	x.end, x.ended = end, ended
	x.mu.Unlock()
	err := op(ctx)
	x.mu.Lock()
	x.end = nil
	x.mu.Unlock()
	end()
	close(ended)
	return err
}

// cancel ends the operation that is inside, and reports whether there was one.
func (x *exchange) cancel() bool {
	x.mu.Lock()
	end, ended := x.end, x.ended
	x.mu.Unlock()
	if end == nil {
		return false
	}
	end()
	<-ended
	return true
}
