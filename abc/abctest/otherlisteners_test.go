package abctest_test

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/abc/abctest"
	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/listener"
	"github.com/tributary-go/tributary/memstream"
)

// These listeners are unlike those of this module, as those of QUIC are, and
// right all the same.

// A reset destroys what was sent and not received yet.
type reset struct{ atomic.Bool }

// A resettingStream resets the other end when it is closed forcefully.
type resettingStream struct {
	abc.Stream
	reset  *reset
	closed atomic.Bool
}

func (s *resettingStream) Close(ctx context.Context) error {
	if !s.closed.Swap(true) && ctx.Err() != nil {
		s.reset.Store(true)
	}
	return s.Stream.Close(ctx)
}

// A resetStream is slow, so that there is something to destroy.
type resetStream struct {
	abc.Stream
	reset *reset
}

func (s *resetStream) ReceiveSome(ctx context.Context, p []byte) (int, error) {
	n, err := s.Stream.ReceiveSome(ctx, p)
	for range 200 {
		runtime.Gosched()
	}
	if err == nil && s.reset.Load() {
		return 0, fail(abc.ErrBroken)
	}
	return n, err
}

func TestListenerWhoseForcefulCloseDestroysPasses(t *testing.T) {
	abctest.TestListener(t, func(testing.TB) (abc.Listener, func(context.Context) (abc.Stream, error)) {
		f := listener.NewFeed()
		return listener.New(f, nil), func(ctx context.Context) (abc.Stream, error) {
			client, server := memstream.Pair(nil)
			r := &reset{}
			return &resetStream{client, r}, f.Offer(ctx, &resettingStream{Stream: server, reset: r})
		}
	})
}

// A tardyStream's peer has what was sent before SendAll returns, as where another
// goroutine writes.
type tardyStream struct {
	abc.Stream
	closed chan struct{}
	once   sync.Once
}

func (s *tardyStream) SendAll(ctx context.Context, p []byte) error {
	if err := s.Stream.SendAll(ctx, p); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return &abc.OpError{Op: "send", Transport: "tardy", Sent: len(p), Err: abc.ContextErr(ctx)}
	case <-s.closed:
		return &abc.OpError{Op: "send", Transport: "tardy", Sent: len(p), Err: abc.ErrClosed}
	case <-time.After(5 * time.Millisecond):
		return nil
	}
}

func (s *tardyStream) Close(ctx context.Context) error {
	s.once.Do(func() { close(s.closed) })
	return s.Stream.Close(ctx)
}

func TestListenerOfTardyStreamsPasses(t *testing.T) {
	abctest.TestListener(t, func(testing.TB) (abc.Listener, func(context.Context) (abc.Stream, error)) {
		f := listener.NewFeed()
		return listener.New(f, nil), func(ctx context.Context) (abc.Stream, error) {
			client, server := memstream.Pair(nil)
			return client, f.Offer(ctx, &tardyStream{Stream: server, closed: make(chan struct{})})
		}
	})
}

// A lateStream arrives at its listener with the first byte that is sent.
type lateStream struct {
	abc.Stream
	arrive func()
	sent   atomic.Bool
}

func (s *lateStream) SendAll(ctx context.Context, p []byte) error {
	if ctx.Err() == nil && len(p) > 0 && !s.sent.Swap(true) {
		go s.arrive()
	}
	return s.Stream.SendAll(ctx, p)
}

func lateListener(offer func(f *listener.Feed, server abc.Stream)) (abc.Listener, func(context.Context) (abc.Stream, error)) {
	f := listener.NewFeed()
	return listener.New(f, nil), func(context.Context) (abc.Stream, error) {
		client, server := memstream.Pair(nil)
		return &lateStream{Stream: client, arrive: func() { offer(f, server) }}, nil
	}
}

func TestListenerOfLateStreamsPasses(t *testing.T) {
	abctest.TestListener(t, func(testing.TB) (abc.Listener, func(context.Context) (abc.Stream, error)) {
		return lateListener(func(f *listener.Feed, server abc.Stream) { _ = f.Offer(context.Background(), server) })
	})
}

func TestListenerThatForgetsLateStreamsIsCaught(t *testing.T) {
	requireCaught(t, []faultCheck{{"late streams are forgotten", "Listener/Close/WaitingConnections", true,
		func(t *testing.T, limit time.Duration) []*abctest.Failure {
			return abctest.CasesOfListener(func() (abc.Listener, func(context.Context) (abc.Stream, error)) {
				return lateListener(func(f *listener.Feed, server abc.Stream) {
					<-f.Done()
					t.Cleanup(func() { closeutil.CloseForcefully(server) })
				})
			}, limit, "Close/WaitingConnections")
		}}})
}
