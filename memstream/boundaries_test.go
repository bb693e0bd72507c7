package memstream_test

import (
	"context"
	"fmt"
	"io"
	"math"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/memstream"
)

// A boundary is one send and one receive around the capacity of a stream, and
// how it ends. All that happens follows from the numbers.
type boundary struct {
	capacity      int
	held          int // bytes that were sent before, and are in the buffer
	send, receive int
	receiveFirst  bool // it waits when the send comes; nothing is held
	end           string
}

var boundaryEnds = []string{"drain", "cancel", "close sender", "close receiver"}

func (c boundary) limit() int {
	switch c.capacity {
	case 0:
		return 64 << 10
	case memstream.Lockstep:
		return 0
	case memstream.Unbounded:
		return math.MaxInt
	}
	return c.capacity
}

// sizes returns {0, 1, cap-1, cap, cap+1}. Where there is no limit, cap is the
// size of the largest pooled buffer.
func (c boundary) sizes() []int {
	limit := c.limit()
	if limit == math.MaxInt {
		limit = 64 << 10
	}
	sizes := []int{0, 1, limit - 1, limit, limit + 1}
	if limit == 0 {
		sizes = []int{0, 1, 2, 3}
	}
	slices.Sort(sizes)
	return slices.Compact(sizes)
}

// boundaries calls f with each combination there is for capacity.
func boundaries(capacity int, f func(boundary)) {
	c := boundary{capacity: capacity}
	for _, c.send = range c.sizes() {
		for _, c.receive = range c.sizes() {
			for _, c.end = range boundaryEnds {
				c.held, c.receiveFirst = 0, true
				f(c)
				c.receiveFirst = false
				for _, c.held = range c.sizes() {
					if c.held <= c.limit() {
						f(c)
					}
				}
			}
		}
	}
}

func TestBoundaries(t *testing.T) {
	for name, mk := range map[string]func(*memstream.Options) (abc.SendStream, abc.ReceiveStream){
		"one way": func(o *memstream.Options) (abc.SendStream, abc.ReceiveStream) { return memstream.OneWay(o) },
		"pair":    func(o *memstream.Options) (abc.SendStream, abc.ReceiveStream) { return memstream.Pair(o) },
		"pair, the other way": func(o *memstream.Options) (abc.SendStream, abc.ReceiveStream) {
			a, b := memstream.Pair(o)
			return b, a
		},
	} {
		for _, capacity := range []int{1, 2, 3, 7, 64, 0, memstream.Lockstep, memstream.Unbounded} {
			t.Run(fmt.Sprintf("%s/capacity=%d", name, capacity), func(t *testing.T) {
				t.Parallel()
				n := 0
				synctest.Test(t, func(t *testing.T) {
					boundaries(capacity, func(c boundary) {
						s, r := mk(&memstream.Options{Capacity: capacity})
						c.check(t, s, r)
						n++
					})
				})
				t.Logf("%d combinations", n)
			})
		}
	}
}

// check does what c says and compares every step with what it has to be.
func (c boundary) check(t *testing.T, s abc.SendStream, r abc.ReceiveStream) {
	data := pattern(c.held + c.send)
	if c.held > 0 {
		require.NoError(t, s.SendAll(bg, data[:c.held]), "%+v", c)
	}
	sendCtx, cancelSend := context.WithCancel(bg)
	defer cancelSend()
	receiveCtx, cancelReceive := context.WithCancel(bg)
	defer cancelReceive()
	buf := make([]byte, c.receive)
	receive := func() (int, error) { return r.ReceiveSome(receiveCtx, buf) }

	var received *blocking
	if c.receiveFirst {
		received = begin(receive)
		require.Equal(t, c.receive == 0, received.over(), "%+v: receive", c)
	}
	wait := begin(func() (int, error) { return 0, s.(abc.SendWaiter).WaitSendable(sendCtx) })
	room := c.held < c.limit() || c.receiveFirst && c.receive > 0
	require.Equal(t, room, wait.over(), "%+v: wait sendable", c)
	if !room { // make way for the send
		cancelSend()
		require.ErrorIs(t, wait.wait(), context.Canceled, "%+v", c)
		sendCtx, cancelSend = context.WithCancel(bg)
		defer cancelSend()
	}

	p := slices.Clone(data[c.held:])
	sent := begin(func() (int, error) { return 0, s.SendAll(sendCtx, p) })
	if !c.receiveFirst {
		require.Equal(t, c.send == 0 || c.send <= c.limit()-c.held, sent.over(), "%+v: send", c)
		received = begin(receive)
	}
	got := min(c.receive, len(data))
	waiting := c.receive > 0 && got == 0
	require.Equal(t, !waiting, received.over(), "%+v: receive", c)
	switch {
	case c.receive == 0:
		require.ErrorIs(t, received.wait(), abc.ErrEmptyBuffer, "%+v", c)
	case got > 0:
		require.NoError(t, received.wait(), "%+v", c)
		require.Equal(t, got, received.n, "%+v", c)
		require.Equal(t, data[:got], buf[:got], "%+v", c)
	}

	// The rest waits with its sender until all of it fits.
	torn := len(data)-got > c.limit()
	require.Equal(t, !torn, sent.over(), "%+v: send", c)
	went := c.send
	if torn {
		went = max(0, got-c.held)
	}
	failed := func(want error) {
		err := sent.wait()
		if !torn {
			require.NoError(t, err, "%+v", c)
			return
		}
		require.ErrorIs(t, err, want, "%+v", c)
		require.Equal(t, went, abc.Sent(err), "%+v", c)
	}
	left := data[got:]
	switch c.end {
	case "drain":
		go func() { sent.wait(); s.Close(bg) }()
	case "cancel":
		cancelSend()
		failed(context.Canceled)
		clear(p) // they are the caller's again
		left = append(data[got:c.held+went:c.held+went], "!?"...)
		go func() { // the stream goes on from after those that went
			if s.SendAll(bg, []byte("!?")) == nil {
				s.Close(bg)
			}
		}()
		if waiting {
			require.NoError(t, received.wait(), "%+v", c)
			require.Equal(t, left[:received.n], buf[:received.n], "%+v", c)
			left = left[received.n:]
		}
	case "close sender":
		require.NoError(t, s.Close(bg))
		failed(abc.ErrClosed)
		left = data[got : c.held+went]
	case "close receiver":
		require.NoError(t, r.Close(bg))
		failed(abc.ErrBroken)
		if waiting {
			require.ErrorIs(t, received.wait(), abc.ErrClosed, "%+v", c)
		}
		require.ErrorIs(t, s.SendAll(bg, nil), abc.ErrBroken, "%+v", c)
		return
	}
	if waiting && c.end != "cancel" {
		require.Equal(t, io.EOF, received.wait(), "%+v: a receive that waits", c)
	}
	rest, err := io.ReadAll(reader{r})
	require.NoError(t, err, "%+v", c)
	require.Equal(t, string(left), string(rest), "%+v", c)
	if c.end == "drain" {
		require.NoError(t, sent.wait(), "%+v", c)
	}
}

// A blocking is an operation that may block, in a bubble.
type blocking struct {
	done chan struct{}
	n    int
	err  error
}

// begin returns when op is blocked, or over.
func begin(op func() (int, error)) *blocking {
	b := &blocking{done: make(chan struct{})}
	go func() {
		b.n, b.err = op()
		close(b.done)
	}()
	synctest.Wait()
	return b
}

// over reports whether the operation has returned, once all else is blocked.
func (b *blocking) over() bool {
	synctest.Wait()
	select {
	case <-b.done:
		return true
	default:
		return false
	}
}

func (b *blocking) wait() error {
	<-b.done
	return b.err
}

// The bytes of a send that nobody took are the sender's again, also where its
// receiver got some of them in several steps, or of several buffers.
func TestLockstepSendThatIsCancelledTakesItsBytesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for received := range 10 {
			for _, vector := range []bool{false, true} {
				s, r := memstream.OneWay(&memstream.Options{Capacity: memstream.Lockstep})
				ctx, cancel := context.WithCancel(bg)
				data := pattern(10)
				send := begin(func() (int, error) {
					if vector {
						return 0, s.SendVector(ctx, [][]byte{data[:3], nil, data[3:4], data[4:]})
					}
					return 0, s.SendAll(ctx, data)
				})
				for i := range received {
					require.NoError(t, receiveByte(r)(bg), "byte %d", i)
					synctest.Wait()
				}
				cancel()
				err := send.wait()
				require.ErrorIs(t, err, context.Canceled)
				require.Equal(t, received, abc.Sent(err))
				clear(data)
				next := begin(func() (int, error) { return 0, s.SendAll(bg, []byte("next")) })
				buf := make([]byte, 10)
				n, err := r.ReceiveSome(bg, buf)
				require.NoError(t, err)
				require.Equal(t, "next", string(buf[:n]))
				require.NoError(t, next.wait())
			}
		}
	})
}
