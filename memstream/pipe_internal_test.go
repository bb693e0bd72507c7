package memstream

import (
	"context"
	"io"
	"math"
	"runtime"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
)

// These tests hold the lock to bring two events so close together that the
// operation between them can't tell which was first.

var bg = context.Background()

type result struct {
	n   int
	err error
}

func blockedSend(ctx context.Context, c *pipe, bufs ...[]byte) <-chan result {
	done := make(chan result, 1)
	go func() { n, err := c.sendVector(ctx, bufs); done <- result{n, err} }()
	synctest.Wait()
	return done
}

func blockedReceive(ctx context.Context, c *pipe, p []byte) <-chan result {
	done := make(chan result, 1)
	go func() { n, err := c.receive(ctx, p); done <- result{n, err} }()
	synctest.Wait()
	return done
}

// SendVector went on with the next buffer in a pipe that was closed, and lost
// it, or waited for ever.
func TestCloseBetweenTwoBuffersOfAVector(t *testing.T) {
	for name, test := range map[string]struct {
		close func(*pipe)
		want  error
	}{
		"sender":   {(*pipe).closeSend, abc.ErrClosed},
		"receiver": {(*pipe).closeReceive, abc.ErrBroken},
	} {
		t.Run(name, func(t *testing.T) {
			for _, limit := range []int{0, 1, 10} {
				synctest.Test(t, func(t *testing.T) {
					c := &pipe{limit: limit}
					c.ring.put(make([]byte, limit))
					sent := blockedSend(bg, c, []byte("a"), nil, []byte("bc"))
					c.mu.Lock()
					n, err := c.take(make([]byte, limit+1))
					test.close(c)
					c.mu.Unlock()
					require.Equal(t, limit+1, n)
					require.NoError(t, err)
					got := <-sent
					require.ErrorIs(t, got.err, test.want)
					require.Equal(t, 1, got.n)
					require.Zero(t, c.ring.n)
				})
			}
		})
	}
	t.Run("after the last byte", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			c := &pipe{}
			sent := blockedSend(bg, c, []byte("a"), nil)
			c.mu.Lock()
			_, err := c.take(make([]byte, 1))
			c.closeReceive()
			c.mu.Unlock()
			require.NoError(t, err)
			require.Equal(t, result{1, nil}, <-sent, "all was taken")
		})
	})
}

func TestReceiverThatIsServedWhenItsContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &pipe{limit: 10}
		ctx, cancel := context.WithCancel(bg)
		p := make([]byte, 3)
		received := blockedReceive(ctx, c, p)
		c.mu.Lock()
		cancel() // it wakes, and wants the lock
		require.Equal(t, 3, c.hand([]byte("abc")))
		c.mu.Unlock()
		require.Equal(t, result{3, nil}, <-received)
		require.Equal(t, "abc", string(p))
		require.Empty(t, c.rwake)
		require.False(t, c.receiving)
	})
}

func TestReceiverThatIsServedIsBusyUntilItReturns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &pipe{limit: 10, receiving: true, rwaiting: true, rwake: make(chan int, 1), dst: make([]byte, 1)}
		_, err := c.send(bg, []byte("a")) // to one that is slow to wake
		require.NoError(t, err)
		_, err = c.receive(bg, make([]byte, 1))
		require.Equal(t, abc.ErrBusy, err)
		require.Nil(t, c.dst, "nothing keeps a buffer that is full")
		require.Equal(t, 1, <-c.rwake)

		c = &pipe{limit: 10, receiving: true, filled: 1} // another one, which has yet to look
		c.ring.put([]byte("b"))
		_, err = c.receive(bg, make([]byte, 1))
		require.Equal(t, abc.ErrBusy, err, "though there are bytes")
	})
}

// One that was woken and has room left gets what is sent before it runs.
func TestReceiverThatWasWokenTakesMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, cancels := range []bool{false, true} {
			c := &pipe{limit: 10}
			ctx, cancel := context.WithCancel(bg)
			defer cancel()
			p := make([]byte, 6)
			received := blockedReceive(ctx, c, p)
			c.mu.Lock()
			if cancels {
				cancel()
			}
			for _, m := range []string{"ab", "cd", "efgh", "i"} {
				sent, err := c.sendLocked(bg, []byte(m))
				require.NoError(t, err)
				require.Equal(t, len(m), sent)
			}
			require.Equal(t, abc.ErrBusy, second(c.tryReceive(make([]byte, 1))))
			c.mu.Unlock()
			require.Equal(t, result{6, nil}, <-received)
			require.Equal(t, "abcdef", string(p))
			require.Empty(t, c.rwake)
			n, err := c.receive(bg, p)
			require.NoError(t, err)
			require.Equal(t, "ghi", string(p[:n]))
		}
	})
}

func TestBufferOfACancelledReceiveIsTheCallersAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &pipe{limit: 10}
		ctx, cancel := context.WithCancel(bg)
		p := make([]byte, 3)
		received := blockedReceive(ctx, c, p)
		cancel()
		require.Equal(t, result{0, context.Canceled}, <-received)
		_, err := c.send(bg, []byte("abc"))
		require.NoError(t, err)
		require.Equal(t, make([]byte, 3), p)
		require.Equal(t, 3, c.ring.n)
	})
}

// A sender whose rest fits is woken to put it into the ring. Until it runs the
// receiver may come back for more of it.
func TestSenderThatWasWokenIsStillTakenFrom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, more := range []int{0, 1, 3, 9} {
			c := &pipe{limit: 3}
			sent := blockedSend(bg, c, []byte("abcdef"))
			p := make([]byte, 20)
			c.mu.Lock()
			n, err := c.take(p[:3])
			require.Equal(t, result{3, nil}, result{n, err})
			require.Len(t, c.swake, 0, "it was handed over")
			require.False(t, c.swaiting)
			require.Equal(t, abc.ErrBusy, c.maySend(0))
			m, err := c.take(p[3 : 3+more])
			require.Equal(t, result{min(3, more), nil}, result{m, err})
			c.mu.Unlock()
			require.Equal(t, result{6, nil}, <-sent)
			require.Equal(t, 3-m, c.ring.n)
			require.Nil(t, c.src)
			k := c.ring.get(p[n+m:])
			require.Equal(t, "abcdef", string(p[:n+m+k]))
		}
	})
}

// The same, and its context ends before it runs: it can finish all the same.
func TestSenderThatWasWokenWhenItsContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for range 50 {
			c := &pipe{limit: 3}
			ctx, cancel := context.WithCancel(bg)
			sent := blockedSend(ctx, c, []byte("abcdef"))
			c.mu.Lock()
			cancel()
			_, err := c.take(make([]byte, 3))
			c.mu.Unlock()
			require.NoError(t, err)
			require.Equal(t, result{6, nil}, <-sent)
			require.Equal(t, 3, c.ring.n)
			require.Empty(t, c.swake)
		}
	})
}

func TestSenderThatIsServedWhenItsContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, taken := range []int{1, 3} {
			c := &pipe{}
			ctx, cancel := context.WithCancel(bg)
			src := []byte("abc")
			sent := blockedSend(ctx, c, src)
			c.mu.Lock()
			cancel()
			p := make([]byte, taken)
			n, err := c.take(p)
			c.mu.Unlock()
			require.NoError(t, err)
			require.Equal(t, taken, n)
			got := <-sent
			require.Equal(t, taken, got.n)
			if taken == len(src) {
				require.NoError(t, got.err)
			} else {
				require.ErrorIs(t, got.err, context.Canceled)
			}
			require.Nil(t, c.src, "it is the caller's again")
			require.Empty(t, c.swake)
			require.False(t, c.sending)
			require.False(t, c.swaiting)
		}
	})
}

func TestWaiterThatGetsRoomWhenItsContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &pipe{limit: 1}
		c.ring.put([]byte("a"))
		ctx, cancel := context.WithCancel(bg)
		done := make(chan error, 1)
		go func() { done <- c.waitSendable(ctx) }()
		synctest.Wait()
		c.mu.Lock()
		cancel()
		_, err := c.take(make([]byte, 1))
		c.mu.Unlock()
		require.NoError(t, err)
		require.NoError(t, <-done)
		require.Empty(t, c.swake)
	})
}

// A receiver that waits is told of an end that comes with a cancellation.
func TestEndWhenTheContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for want, end := range map[error]func(*pipe){
			io.EOF: (*pipe).closeSend, abc.ErrClosed: (*pipe).closeReceive,
		} {
			c := &pipe{}
			ctx, cancel := context.WithCancel(bg)
			received := blockedReceive(ctx, c, make([]byte, 1))
			c.mu.Lock()
			cancel()
			end(c)
			c.mu.Unlock()
			require.Equal(t, result{0, want}, <-received)
		}
	})
}

// Close ended one direction after the other. A peer that closed as soon as its
// send failed reached our own send before we did, which then said ErrBroken.
func TestCloseEndsBothDirectionsInOneStep(t *testing.T) {
	a, b := Pair(nil)
	for _, s := range []*Stream{a, b} {
		first := s.in
		if s.out.first {
			first = s.out
		}
		require.True(t, first.first, "both ends lock in the same order")
	}
	a.out.mu.Lock()
	closed := make(chan error, 1)
	go func() { closed <- a.Close(bg) }()
	for range 1000 {
		require.NoError(t, b.SendAll(bg, nil), "nothing is closed while something can't be")
		runtime.Gosched()
	}
	a.out.mu.Unlock()
	require.NoError(t, <-closed)
	require.ErrorIs(t, b.SendAll(bg, nil), abc.ErrBroken)
}

func TestRingIsAQueue(t *testing.T) {
	var r ring
	var in, out byte
	for step := range 5000 {
		p := make([]byte, step*7%600)
		for i := range p {
			p[i] = in
			in++
		}
		r.put(p)
		p = make([]byte, step*11%599)
		for _, b := range p[:r.get(p)] {
			require.Equal(t, out, b)
			out++
		}
	}
}

func TestCloseGivesTheMemoryBack(t *testing.T) {
	send, receive := OneWay(nil)
	require.NoError(t, send.SendAll(bg, make([]byte, 1000)))
	require.NoError(t, receive.Close(bg))
	require.Zero(t, send.out.ring.n)
	require.Nil(t, send.out.ring.buf)
}

// No copy under the lock is long.
func TestOneReceiveIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, waiting := range []bool{true, false} {
			c := &pipe{limit: defaultCapacity}
			big := make([]byte, 1<<20)
			var received <-chan result
			if waiting {
				received = blockedReceive(bg, c, big)
			}
			sent := blockedSend(bg, c, make([]byte, 1<<20))
			if !waiting {
				received = blockedReceive(bg, c, big)
			}
			require.Equal(t, result{copyLimit, nil}, <-received)
			c.mu.Lock()
			c.closeReceive()
			c.mu.Unlock()
			require.Equal(t, copyLimit, (<-sent).n)
		}
	})
}

func TestOneReceiveFromTheRingIsBounded(t *testing.T) {
	c := &pipe{limit: math.MaxInt}
	sent, err := c.send(bg, make([]byte, 1<<20))
	require.Equal(t, result{1 << 20, nil}, result{sent, err})
	n, err := c.receive(bg, make([]byte, 1<<20))
	require.Equal(t, result{copyLimit, nil}, result{n, err})
}

func TestRingKeepsOnlyItsSmallestMemory(t *testing.T) {
	for _, n := range []int{1, smallRing, smallRing + 1, mediumRing, largeRing, largeRing + 1, 1 << 20} {
		var r ring
		for range 3 {
			r.put(make([]byte, n))
			require.Equal(t, n, r.get(make([]byte, n)))
			require.Equal(t, n <= smallRing, r.buf != nil, "after %d bytes", n)
			require.LessOrEqual(t, len(r.buf), smallRing)
		}
		r.put([]byte("x"))
		require.LessOrEqual(t, len(r.buf), largeRing)
		r.get(make([]byte, 1))
		r.put([]byte("x"))
		require.Equal(t, smallRing, len(r.buf), "as much as was needed last time")
		r.drop()
		require.Nil(t, r.buf)
	}
}
