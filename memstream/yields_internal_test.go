package memstream

import (
	"context"
	"io"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
)

func TestYieldsThatDoNotPayGetRare(t *testing.T) {
	var y yields
	count := func(waits int, hit, long bool) (n int) {
		for range waits {
			if next := y.next(); next.pays {
				n++
				y.learn(hit, next.timed && long)
			}
		}
		return n
	}
	require.Equal(t, 1000, count(1000, true, false))
	require.Equal(t, 6, count(1+2+4+8+16+32, false, false))
	require.Equal(t, 10, count(640, false, false), "at last one of 64")
	require.Equal(t, 99, count(63+99, true, false), "a hit is enough to begin again")
	require.Equal(t, timedYields-99%timedYields+6, count(timedYields-99%timedYields+1+2+4+8+16+32, true, true),
		"those that take long do not pay, once one is timed")
	require.Equal(t, 10, count(640, true, true), "and the next one is timed at once")
}

// A yield is as long as the others run that are ready.
func TestLongYield(t *testing.T) {
	require.False(t, yield{pays: true}.now(), "not timed")
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	var ran atomic.Bool
	go func() {
		for began := time.Now(); time.Since(began) <= longYield; {
		}
		ran.Store(true)
	}()
	require.Equal(t, yield{pays: true, timed: true}.now(), ran.Load())
}

// What comes while a sender yields, before any of its bytes went.
func TestDuringTheYieldOfASender(t *testing.T) {
	send := func(c *pipe) (int, error) {
		c.syield = untimed
		return c.send(bg, make([]byte, largeSend))
	}
	yields := func(c *pipe) bool { return c.sending }
	for name, test := range map[string]struct {
		op         func(*testing.T, *pipe)
		want       result
		held, room int // afterwards
		pays       bool
	}{
		"nothing": {func(*testing.T, *pipe) {}, result{largeSend, nil}, largeSend, 0, false},
		"another operation": {func(t *testing.T, c *pipe) {
			require.Equal(t, abc.ErrBusy, c.maySend(0))
		}, result{largeSend, nil}, largeSend, 0, false},
		"a receiver": {func(_ *testing.T, c *pipe) {
			c.receiving, c.dst = true, make([]byte, largeSend+2)
		}, result{largeSend, nil}, 0, 2, true},
		"a receiver with little room": {func(_ *testing.T, c *pipe) {
			c.receiving, c.dst = true, make([]byte, 100)
		}, result{largeSend, nil}, largeSend - 100, 0, true},
		"its close":          {func(_ *testing.T, c *pipe) { c.closeSend() }, result{0, abc.ErrClosed}, 0, 0, false},
		"the peer's close":   {func(_ *testing.T, c *pipe) { c.closeReceive() }, result{0, brokenByPeer}, 0, 0, false},
		"both of the closes": {func(_ *testing.T, c *pipe) { c.closeReceive(); c.closeSend() }, result{0, abc.ErrClosed}, 0, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			c := duringYield(t, send, yields, test.op, test.want)
			require.Equal(t, test.held, c.ring.n)
			require.Len(t, c.dst, test.room)
			require.False(t, c.sending)
			require.Equal(t, learned(test.pays), c.syield)
		})
	}
}

// What comes while a receiver yields, which looks like one that waits, but for
// the token that it does not need.
func TestDuringTheYieldOfAReceiver(t *testing.T) {
	p := make([]byte, 3)
	receive := func(c *pipe) (int, error) {
		c.ryield = untimed
		return c.receive(bg, p)
	}
	yields := func(c *pipe) bool { return c.receiving && !c.rwaiting }
	send := func(sizes ...int) func(*testing.T, *pipe) {
		return func(t *testing.T, c *pipe) {
			require.Equal(t, abc.ErrBusy, second(c.tryReceive(make([]byte, 1))))
			require.True(t, len(c.dst) > 0, "which WaitSendable looks at")
			for _, n := range sizes {
				sent, err := c.sendLocked(bg, pattern(n))
				require.Equal(t, result{n, nil}, result{sent, err})
			}
		}
	}
	for name, test := range map[string]struct {
		op   func(*testing.T, *pipe)
		want result
		held int // afterwards
	}{
		"less than it has room for": {send(1), result{1, nil}, 0},
		"several sends":             {send(1, 1, 1), result{3, nil}, 0},
		"more than it has room for": {send(2, 5, 1), result{3, nil}, 5},
		"the end":                   {func(_ *testing.T, c *pipe) { c.ended = true }, result{0, io.EOF}, 0},
		"the peer's close":          {func(_ *testing.T, c *pipe) { c.closeSend() }, result{0, io.EOF}, 0},
		"its close":                 {func(_ *testing.T, c *pipe) { c.closeReceive() }, result{0, abc.ErrClosed}, 0},
		"bytes and its close": {func(t *testing.T, c *pipe) {
			send(2)(t, c)
			c.closeReceive()
		}, result{2, nil}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			c := duringYield(t, receive, yields, test.op, test.want)
			require.Equal(t, test.held, c.ring.n)
			require.Equal(t, result{}, result{n: c.filled})
			require.False(t, c.receiving)
			require.Nil(t, c.dst, "it is the caller's again")
			require.Empty(t, c.rwake)
			require.Equal(t, learned(test.want.n > 0), c.ryield)
		})
	}
}

// untimed is of one whose next yield is not timed, so that it can't be long.
var untimed = yields{misses: 1, hits: 1}

// learned returns what untimed is after one yield.
func learned(paid bool) yields {
	if paid {
		return yields{hits: 2}
	}
	return yields{misses: 2, skip: 3}
}

// A yield that was long pays only those whose context others may wait with. How
// long one is can't be told in a bubble, whose time stands still meanwhile.
func TestLongYieldOfAReceiver(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	shared, cancel := context.WithCancel(bg)
	defer cancel()
	long := func(ctx context.Context) (hit bool, learned yields) {
		c := &pipe{limit: defaultCapacity}
		done := make(chan struct{})
		go func() {
			defer close(done)
			c.mu.Lock()
			defer c.mu.Unlock()
			if hit = c.receiving && !c.rwaiting; hit {
				for began := time.Now(); time.Since(began) <= longYield; {
				}
			}
			_, _ = c.sendLocked(bg, make([]byte, 1))
		}()
		_, err := c.receive(ctx, make([]byte, 1))
		<-done
		require.NoError(t, err)
		return hit, c.ryield
	}
	hits := 0
	for range 1000 {
		if hit, learned := long(shared); hit {
			require.Equal(t, yields{hits: 1}, learned)
			hits++
		}
	}
	require.Positive(t, hits)
	for range 1000 { // it may have been another who made it wait
		if hit, learned := long(bg); hit && learned == (yields{misses: 1, skip: 1}) {
			return
		}
	}
	require.Fail(t, "a long yield has paid")
}

// What messages learn from a yield: that nobody came, and that somebody did.
func TestYieldOfAMessage(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	send := func(q *messageQueue[int]) { _ = q.send(bg, &messageEnd{}, 1) }
	receive := func(q *messageQueue[int]) { _, _ = q.receive(bg, &messageEnd{}) }
	for name, test := range map[string]struct{ op, peer func(*messageQueue[int]) }{
		"send":    {send, receive},
		"receive": {receive, send},
	} {
		t.Run(name, func(t *testing.T) {
			learns := func(peerIsReady bool) (learned yields) {
				synctest.Test(t, func(t *testing.T) {
					s, _ := Messages[int](0)
					q := s.queue
					if peerIsReady {
						go test.peer(q)
					}
					go test.op(q)
					synctest.Wait()
					if !peerIsReady {
						test.peer(q)
						synctest.Wait()
					}
					learned = q.sending.yield
					if name == "receive" {
						learned = q.receiving.yield
					}
				})
				return learned
			}
			require.Equal(t, yields{misses: 1, skip: 1}, learns(false))
			for range 1000 { // until the peer comes in the middle of it
				if learns(true) == (yields{hits: 1}) {
					return
				}
			}
			require.Fail(t, "no yield has paid")
		})
	}
}

func second(_ int, err error) error { return err }

// pattern returns n bytes that differ.
func pattern(n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(i)
	}
	return p
}

// duringYield calls op with the lock held in the middle of a yield of
// operation, which is where yields holds, and checks how operation ends. With
// one processor that is where another goroutine gets its turn, so this is tried
// until it did.
func duringYield(t *testing.T, operation func(*pipe) (int, error), yields func(*pipe) bool,
	op func(*testing.T, *pipe), want result) *pipe {
	t.Helper()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	for range 1000 {
		hit := false
		c := &pipe{limit: defaultCapacity}
		synctest.Test(t, func(t *testing.T) {
			go func() {
				c.mu.Lock()
				defer c.mu.Unlock()
				if hit = yields(c); hit {
					op(t, c)
				}
			}()
			var got result
			done := make(chan struct{})
			go func() { got.n, got.err = operation(c); close(done) }()
			synctest.Wait()
			if !hit { // it came early or late
				c.mu.Lock()
				c.closeSend()
				c.mu.Unlock()
				<-done
				return
			}
			<-done
			require.Equal(t, want, got)
		})
		if hit {
			return c
		}
	}
	require.Fail(t, "nothing ran in between")
	return nil
}
