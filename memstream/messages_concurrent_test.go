package memstream_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"weak"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/memstream"
)

// Senders and receivers on ends and clones that come and go, half of the
// operations cancelled at some time: what a Send reported as sent was received
// once, what it reported as not sent never.
func TestMessagesAreNeitherLostNorDoubled(t *testing.T) {
	const senders, receivers, each = 6, 5, 500
	for _, capacity := range []int{0, 1, 3, memstream.Unbounded} {
		t.Run(fmt.Sprint(capacity), func(t *testing.T) {
			s, r := memstream.Messages[int](capacity)
			var mu sync.Mutex
			sent, got := map[int]bool{}, map[int]int{}
			var all sync.WaitGroup
			fail := make(chan error, senders+receivers)
			for i := range senders {
				s := s.Clone()
				rng := rand.New(rand.NewPCG(uint64(i), 1))
				all.Go(func() {
					for k := range each {
						m := i*each + k
						ctx, cancel := soonCancelled(rng)
						err := s.Send(ctx, m)
						cancel()
						mu.Lock()
						sent[m] = err == nil
						mu.Unlock()
						if err != nil && !errors.Is(err, context.Canceled) {
							fail <- err
						}
						if k%100 == 0 {
							next := s.Clone()
							s.Close(bg)
							s = next
						}
					}
					s.Close(bg)
				})
			}
			for i := range receivers {
				r := r.Clone()
				rng := rand.New(rand.NewPCG(uint64(i), 2))
				all.Go(func() {
					defer func() { r.Close(bg) }()
					for k := 0; ; k++ {
						ctx, cancel := soonCancelled(rng)
						m, err := r.Receive(ctx)
						cancel()
						switch {
						case err == io.EOF:
							return
						case err == nil:
							mu.Lock()
							got[m]++
							mu.Unlock()
						case !errors.Is(err, context.Canceled):
							fail <- err
							return
						}
						if k%100 == 0 {
							next := r.Clone()
							r.Close(bg)
							r = next
						}
					}
				})
			}
			require.NoError(t, s.Close(bg))
			all.Wait()
			require.Empty(t, fail)
			delivered := 0
			for m, ok := range sent {
				want := 0
				if ok {
					want = 1
					delivered++
				}
				require.Equal(t, want, got[m], "message %d", m)
			}
			require.Len(t, sent, senders*each)
			require.Len(t, got, delivered)
			require.NoError(t, r.Close(bg))
			stats := r.Stats()
			require.Equal(t, memstream.MessageStats{Capacity: capacity, Peak: stats.Peak}, stats)
		})
	}
}

// soonCancelled returns a context that is cancelled while it is used, or not.
func soonCancelled(rng *rand.Rand) (context.Context, func()) {
	ctx, cancel := context.WithCancel(bg)
	if rng.IntN(2) == 0 {
		return ctx, cancel
	}
	turns := rng.IntN(4)
	var cancelling sync.WaitGroup
	cancelling.Go(func() {
		for range turns {
			runtime.Gosched()
		}
		cancel()
	})
	return ctx, cancelling.Wait
}

// One goroutine's messages stay in order, whoever else sends.
func TestMessagesOfOneSenderStayInOrder(t *testing.T) {
	const each = 3000
	for _, capacity := range []int{0, 1, 7} {
		s, r := memstream.Messages[[2]int](capacity)
		for i := range 3 {
			s := s.Clone()
			go func() {
				defer s.Close(bg)
				for k := range each {
					if s.Send(bg, [2]int{i, k}) != nil {
						return
					}
				}
			}()
		}
		require.NoError(t, s.Close(bg))
		var next [3]int
		for m, err := range abc.Messages(bg, r) {
			require.NoError(t, err)
			require.Equal(t, next[m[0]], m[1])
			next[m[0]]++
		}
		require.Equal(t, [3]int{each, each, each}, next)
	}
}

// No message is kept in memory after it was received, dropped or refused.
func TestMessagesAreNotRetained(t *testing.T) {
	type message = *[1024]byte
	s, r := memstream.Messages[message](2)
	collected := func(p weak.Pointer[[1024]byte]) {
		t.Helper()
		for range 100 {
			if runtime.GC(); p.Value() == nil {
				return
			}
			runtime.Gosched()
		}
		require.Fail(t, "still in memory")
	}
	fresh := func() (message, weak.Pointer[[1024]byte]) {
		m := new([1024]byte)
		return m, weak.Make(m)
	}
	untilWaiting := func(senders, receivers int) {
		for st := s.Stats(); st.WaitingSenders != senders || st.WaitingReceivers != receivers; st = s.Stats() {
			runtime.Gosched()
		}
	}
	ctx, cancel := context.WithCancel(bg)
	defer cancel()

	m, buffered := fresh()
	require.NoError(t, s.Send(ctx, m))
	_, err := r.Receive(bg)
	require.NoError(t, err)
	m = nil
	collected(buffered)

	m, handed := fresh()
	done := make(chan error)
	go func() { _, err := r.Receive(ctx); done <- err }()
	untilWaiting(0, 1)
	require.NoError(t, s.Send(bg, m))
	require.NoError(t, <-done)
	m = nil
	collected(handed)

	require.NoError(t, s.Send(bg, nil))
	require.NoError(t, s.Send(bg, nil))
	m, refused := fresh()
	go func(m message) { done <- s.Send(ctx, m) }(m)
	untilWaiting(1, 0)
	cancel()
	require.ErrorIs(t, <-done, context.Canceled)
	m = nil
	collected(refused)
	for range 2 {
		_, err := r.Receive(bg)
		require.NoError(t, err)
	}

	m, dropped := fresh()
	require.NoError(t, s.Send(bg, m))
	require.NoError(t, r.Close(bg))
	m = nil
	collected(dropped)
	runtime.KeepAlive(m)
	runtime.KeepAlive(s)
}
