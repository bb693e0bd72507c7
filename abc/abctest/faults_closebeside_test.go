package abctest_test

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tributary-go/tributary/abc"
)

// These faults are about a Close beside something else.
var closeBesideFaults = []fault{
	{name: "two Closes close a channel twice", caught: "Close/Concurrently", make: func(s *hooked) {
		var once sync.Once
		var closing atomic.Int32
		closed, both := make(chan struct{}), make(chan struct{})
		s.close = func(ctx context.Context) error {
			select {
			case <-closed:
				return nil
			default: // as if two goroutines came here at the same time
				if closing.Add(1) == 2 {
					once.Do(func() { close(both) })
				}
				soon(both)
			}
			close(closed)
			return s.Stream.Close(ctx)
		}
	}},
	{name: "a forceful Close waits behind a graceful one", caught: "Close/ForcefulCutsGraceful", hangs: true, make: func(s *hooked) {
		turn, entered := make(chan struct{}, 1), make(chan struct{})
		s.close = func(ctx context.Context) error {
			if ctx.Err() == nil {
				turn <- struct{}{}
				close(entered)
				<-ctx.Done() // as the peer does not answer
				<-turn
				return s.Stream.Close(ctx)
			}
			soon(entered)
			turn <- struct{}{}
			defer func() { <-turn }()
			return s.Stream.Close(ctx)
		}
	}},
	{name: "a graceful Close that was cut short is ErrBroken", caught: "Close/ForcefulCutsGraceful", make: func(s *hooked) {
		cut, entered := make(chan struct{}), make(chan struct{})
		var first atomic.Bool
		s.close = func(ctx context.Context) error {
			if ctx.Err() == nil && !first.Swap(true) {
				close(entered)
				<-cut
				return fail(abc.ErrBroken)
			}
			soon(entered)
			select {
			case <-cut:
			default:
				close(cut)
			}
			return s.Stream.Close(ctx)
		}
	}},
	{name: "a graceful Close beside another is ErrBusy", caught: "Close/GracefulBesideGraceful", make: func(s *hooked) {
		var closing atomic.Int32
		second := make(chan struct{})
		s.close = func(ctx context.Context) error {
			switch closing.Add(1) {
			case 1:
				soon(second)
			case 2:
				close(second)
				return fail(abc.ErrBusy)
			}
			return s.Stream.Close(ctx)
		}
	}},
	{name: "an operation beside a Close is ErrBusy", caught: "Close/AtAnyMoment", make: func(s *hooked) {
		var closing atomic.Bool
		refused := make(chan struct{}, 1)
		refuse := func() error {
			select {
			case refused <- struct{}{}:
			default:
			}
			return fail(abc.ErrBusy)
		}
		s.send = func(ctx context.Context, p []byte) error {
			if closing.Load() {
				return refuse()
			}
			return s.Stream.SendAll(ctx, p)
		}
		s.receive = func(ctx context.Context, p []byte) (int, error) {
			if closing.Load() {
				return 0, refuse()
			}
			return s.Stream.ReceiveSome(ctx, p)
		}
		s.close = func(ctx context.Context) error {
			closing.Store(true)
			select {
			case <-refused:
			case <-time.After(20 * time.Millisecond): // all are blocked
			}
			return s.Stream.Close(ctx)
		}
	}},
	{name: "a Close between two sends is seen as the peer's", caught: "Close/AtAnyMoment", make: func(s *hooked) {
		s.onSend(abc.ErrClosed, becomes(abc.ErrBroken))
	}},
}

// soon waits for another goroutine to come so far, so that a fault does not
// depend on who is first.
func soon(ch <-chan struct{}) {
	select {
	case <-ch:
	case <-time.After(100 * time.Millisecond): // there is none
	}
}
