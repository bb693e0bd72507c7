//go:build !race

package bufstream_test

import (
	"context"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/bufstream"
	"github.com/tributary-go/tributary/memstream"
)

func TestLockedAndIdleTimeoutDoNotAllocate(t *testing.T) {
	for name, wrap := range map[string]func(abc.Stream) abc.Stream{
		"Locked":      func(s abc.Stream) abc.Stream { return bufstream.Locked(s) },
		"IdleTimeout": func(s abc.Stream) abc.Stream { return bufstream.IdleTimeout(s, time.Minute) },
		"both":        func(s abc.Stream) abc.Stream { return bufstream.Locked(bufstream.IdleTimeout(s, time.Minute)) },
	} {
		reused, cancel := context.WithCancel(t.Context())
		for _, ctx := range []context.Context{context.Background(), reused} {
			a, b := memstream.Pair(nil)
			x, y := wrap(a), wrap(b)
			p, bufs := make([]byte, 100), [][]byte{make([]byte, 30), make([]byte, 70)}
			require.Zero(t, testing.AllocsPerRun(1000, func() {
				if x.SendAll(ctx, p) != nil || abc.WaitSendable(ctx, x) != nil {
					panic("send")
				}
				if _, err := y.ReceiveSome(ctx, p); err != nil {
					panic(err)
				}
				if abc.SendVector(ctx, x, bufs...) != nil {
					panic("send vector")
				}
				if _, err := y.ReceiveSome(ctx, p); err != nil {
					panic(err)
				}
			}), name)
			require.NoError(t, x.Close(ctx))
			require.NoError(t, y.Close(ctx))
		}
		cancel()
	}
}

// A message is sent and received, of every size that is treated in a way of its
// own, as a view.
func TestMessagesDoNotAllocate(t *testing.T) {
	reused, cancel := context.WithCancel(t.Context())
	defer cancel()
	for _, ctx := range []context.Context{context.Background(), reused} {
		for _, size := range []int{0, 16, 256, 4 << 10, 20 << 10} {
			a, b := memstream.Pair(nil)
			s := bufstream.NewMessageStream(a, prefix4, nil)
			r := bufstream.NewMessageStream(b, prefix4, views)
			m := make([]byte, size)
			run := func() {
				if s.Send(ctx, m) != nil {
					panic("send")
				}
				if got, err := r.Receive(ctx); err != nil || len(got) != size {
					panic(err)
				}
			}
			for range 10 { // until its memory is as large as it gets
				run()
			}
			require.Zero(t, testing.AllocsPerRun(200, run), size)
			require.NoError(t, s.Close(ctx))
			require.NoError(t, r.Close(ctx))
		}
	}
}

// nowhere takes what is sent, at once.
type nowhere struct{}

func (nowhere) SendAll(context.Context, []byte) error      { return nil }
func (nowhere) SendVector(context.Context, [][]byte) error { return nil }
func (nowhere) Close(context.Context) error                { return nil }

func TestLargeMessagesDoNotAllocate(t *testing.T) {
	for _, size := range []int{64 << 10, 1 << 20} {
		for _, codec := range []bufstream.Codec[[]byte]{prefix4, bufstream.Netstrings(), bufstream.Delimited([]byte("\n"))} {
			s := bufstream.NewMessageSender(nowhere{}, codec, nil)
			m := make([]byte, size)
			require.Zero(t, testing.AllocsPerRun(100, func() {
				if err := s.Send(context.Background(), m); err != nil {
					panic(err)
				}
			}), size)
		}
		r := bufstream.NewMessageReceiver(&loop{p: messagesOf(size)}, prefix4, views)
		require.Zero(t, testing.AllocsPerRun(100, func() {
			if _, err := r.Receive(context.Background()); err != nil {
				panic(err)
			}
		}), size)
	}
}

func TestMessagesLoopDoesNotAllocate(t *testing.T) {
	for _, size := range []int{16, 4 << 10, 64 << 10, 1 << 20} {
		r := bufstream.NewMessageReceiver(&loop{p: messagesOf(size)}, prefix4, views)
		n := 0
		var before, after runtime.MemStats
		for _, err := range r.Messages(context.Background()) {
			require.NoError(t, err)
			switch n++; n {
			case 100:
				runtime.ReadMemStats(&before)
			case 1100:
				runtime.ReadMemStats(&after)
			}
			if n == 1100 {
				break
			}
		}
		require.Less(t, after.Mallocs-before.Mallocs, uint64(100), size) // pools may be emptied
	}
}

func TestCopiesAllocateOnce(t *testing.T) {
	r := bufstream.NewMessageReceiver(&loop{p: messagesOf(256)}, prefix4, nil)
	require.Equal(t, 1.0, testing.AllocsPerRun(1000, func() {
		if _, err := r.Receive(context.Background()); err != nil {
			panic(err)
		}
	}))
}

// Waiting for a turn needs no memory, once there has been somebody to wait.
func TestWaitingForATurnDoesNotAllocate(t *testing.T) {
	a, b := memstream.Pair(&memstream.Options{Capacity: memstream.Lockstep})
	s := bufstream.Locked(a)
	done := make(chan struct{})
	for range 3 {
		go func() {
			defer func() { done <- struct{}{} }()
			for p := []byte{1}; s.SendAll(context.Background(), p) == nil; {
			}
		}()
	}
	p := make([]byte, 1)
	require.Zero(t, testing.AllocsPerRun(1000, func() {
		if _, err := b.ReceiveSome(context.Background(), p); err != nil {
			panic(err)
		}
	}))
	require.NoError(t, s.Close(context.Background()))
	for range 3 {
		<-done
	}
}
