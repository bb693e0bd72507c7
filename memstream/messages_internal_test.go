package memstream

import (
	"context"
	"math"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
)

// As in pipe_internal_test.go, the lock brings two events so close together
// that the operation between them can't tell which was first. Whoever is served
// before its context ends keeps that.

func TestMessageOperationThatIsServedWhenItsContextEnds(t *testing.T) {
	type result struct {
		m   int
		err error
	}
	for name, send := range map[string]bool{"send": true, "receive": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, r := Messages[int](0)
				ctx, cancel := context.WithCancel(bg)
				done := make(chan result, 1)
				go func() {
					if send {
						done <- result{7, s.Send(ctx, 7)}
						return
					}
					m, err := r.Receive(ctx)
					done <- result{m, err}
				}()
				synctest.Wait()
				q := s.queue
				q.mu.Lock()
				var ok bool
				var err error
				if send {
					_, ok, err = q.tryReceive(&r.end)
				} else {
					ok, err = q.trySend(&s.end, 7)
				}
				cancel()
				q.mu.Unlock()
				require.NoError(t, err)
				require.True(t, ok)
				require.Equal(t, result{7, nil}, <-done)
				require.Empty(t, q.spare.first.done, "it took its token")
			})
		})
	}
}

// Many that wait at a time leave only a few waiters behind, without anything
// of theirs.
func TestWaitersAreKeptForLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, r := Messages[*int](0)
		for range 3 * spareWaiters {
			go s.Send(bg, new(int))
		}
		synctest.Wait()
		for range 3 * spareWaiters {
			_, err := r.Receive(bg)
			require.NoError(t, err)
		}
		synctest.Wait()
		q := s.queue
		require.Equal(t, spareWaiters, q.spare.n)
		for w := q.spare.first; w != nil; w = w.next {
			require.Nil(t, w.m)
			require.Nil(t, w.ctx)
			require.Nil(t, w.end)
			require.Empty(t, w.done)
		}
	})
}

func TestCancelledInTheMiddleOfTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, r := Messages[int](0)
		var cancels []context.CancelFunc
		for i := range 5 {
			ctx, cancel := context.WithCancel(bg)
			cancels = append(cancels, cancel)
			go s.Send(ctx, i)
			synctest.Wait()
		}
		for _, i := range []int{2, 4, 0} { // the middle, the last, the first
			cancels[i]()
			synctest.Wait()
		}
		require.Equal(t, 2, s.Stats().WaitingSenders)
		for _, want := range []int{1, 3} {
			m, err := r.Receive(bg)
			require.NoError(t, err)
			require.Equal(t, want, m)
		}
		synctest.Wait()
		require.Equal(t, waitList[int]{yield: s.queue.sending.yield}, s.queue.sending)
		for _, cancel := range cancels {
			cancel()
		}
		require.ErrorIs(t, s.Send(cancelledContext(), 0), context.Canceled)
	})
}

func cancelledContext() context.Context {
	ctx, cancel := context.WithCancel(bg)
	cancel()
	return ctx
}

func TestMessageRing(t *testing.T) {
	for _, limit := range []int{1, 2, 7, 8, 9, 100, 5000} {
		var r messageRing[int]
		in, out := 0, 0
		for step := range 500 {
			for range step * 7 % 600 {
				if r.n < limit {
					r.put(in, limit)
					in++
				}
			}
			require.LessOrEqual(t, len(r.buf), limit)
			for range step * 11 % 599 {
				if r.n > 0 {
					if m := r.get(); m != out {
						require.Equal(t, out, m)
					}
					out++
				}
			}
			require.Equal(t, in-out, r.n)
		}
	}
}

func TestMessageRingGivesMemoryBack(t *testing.T) {
	for _, n := range []int{1, firstRing, keptRing / 8, keptRing/8 + 1, 100_000} {
		var r messageRing[int64]
		for range 3 {
			for range n {
				r.put(1, manyMessages)
			}
			for range n {
				if r.get() != 1 {
					require.Fail(t, "another message")
				}
			}
			require.Equal(t, n <= keptRing/8, r.buf != nil, "after %d messages", n)
			require.Equal(t, len(r.buf), count(r.buf, 0), "what was received is forgotten")
		}
		r.put(1, manyMessages)
		r.drop()
		require.Equal(t, messageRing[int64]{}, r)
	}
	var empty messageRing[struct{}] // of no size
	for range 1000 {
		empty.put(struct{}{}, manyMessages)
	}
	for range 1000 {
		empty.get()
	}
}

func count(ms []int64, want int64) (n int) {
	for _, m := range ms {
		if m == want {
			n++
		}
	}
	return n
}

const manyMessages = math.MaxInt

// Both directions are closed in one step.
func TestMessagePairSharesOneLock(t *testing.T) {
	a, b := MessagePair[int](1)
	require.Same(t, a.in.queue.mu, a.out.queue.mu, "both directions end in one step")
	require.Same(t, a.in.queue, b.out.queue)
	require.Same(t, a.out.queue, b.in.queue)
	require.ErrorIs(t, func() error { a.Close(bg); return a.Send(bg, 1) }(), abc.ErrClosed)
}
