package memstream

import (
	"context"
	"io"

	"github.com/tributary-go/tributary/abc"
)

// copyLimit bounds, in bytes, what one receive gets, which is copied under the
// lock.
const copyLimit = 256 << 10

// receive receives into p.
func (c *pipe) receive(ctx context.Context, p []byte) (int, error) {
	if ctx.Err() != nil {
		return 0, abc.ContextErr(ctx)
	}
	if len(p) == 0 {
		return 0, abc.ErrEmptyBuffer
	}
	p = p[:min(len(p), copyLimit)]
	c.mu.Lock()
	if c.ring.n > 0 && !c.receiving && !c.swaiting && !c.roomWanted { // take does that as well, and more slowly
		n := c.ring.get(p)
		c.mu.Unlock()
		return n, nil
	}
	n, err := c.tryReceive(p)
	if n > 0 || err != nil {
		c.mu.Unlock()
		return n, err
	}
	return c.waitReceiving(ctx, p)
}

// tryReceive returns what there is, or why nothing may be received.
func (c *pipe) tryReceive(p []byte) (int, error) {
	switch {
	case c.rclosed:
		return 0, abc.ErrClosed
	case c.receiving || len(c.rwake) > 0: // the latter has its token still to come
		return 0, abc.ErrBusy
	}
	return c.take(p)
}

// waitReceiving waits for bytes or an end. It is called with the lock held and
// releases it.
func (c *pipe) waitReceiving(ctx context.Context, p []byte) (n int, err error) {
	c.receiving, c.dst = true, p
	if c.roomWanted {
		c.wakeSender(&c.roomWanted)
	}
	if y := c.ryield.next(); y.pays {
		c.mu.Unlock()
		long := y.now()
		c.mu.Lock()
		n, err = c.received(p)
		// All who wait with one context take the lock of its Done: that is slower
		// than the longest yield.
		c.ryield.learn(n > 0, long && ctx.Done() == nil)
		if n > 0 || err != nil {
			c.mu.Unlock()
			return n, err
		}
	}
	if c.rwake == nil {
		c.rwake = make(chan int, 1)
	}
	c.rwaiting = true
	c.mu.Unlock()
	n, err = c.awaitToken(ctx)
	if n > 0 || err != nil {
		return n, err
	}
	c.mu.Lock()
	n, err = c.received(p)
	c.mu.Unlock()
	return n, err
}

// awaitToken returns what the token says that wakes the receiver, or an error
// if ctx is done before.
func (c *pipe) awaitToken(ctx context.Context) (n int, err error) {
	done := ctx.Done()
	if done == nil {
		return <-c.rwake, nil // cheaper than a select
	}
	select {
	case n = <-c.rwake:
		return n, nil
	case <-done:
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.rwaiting { // somebody was faster than ctx
		return <-c.rwake, nil
	}
	c.receiving, c.rwaiting, c.dst = false, false, nil
	return 0, abc.ContextErr(ctx)
}

// received ends a receive that waited, if it got something.
func (c *pipe) received(p []byte) (n int, err error) {
	n = c.filled
	if n == 0 {
		n, err = c.take(p)
	}
	if n > 0 || err != nil {
		c.receiving, c.dst, c.filled = false, nil, 0
	}
	return n, err
}

// take returns what there is for a receiver: bytes, an end, or neither.
func (c *pipe) take(p []byte) (int, error) {
	n := 0
	if c.ring.n > 0 {
		n = c.ring.get(p)
	}
	if c.sending {
		n += c.takeFromSender(p[n:])
	}
	if n > 0 {
		return n, nil
	}
	switch {
	case c.rclosed:
		return 0, abc.ErrClosed
	case c.ended || c.sclosed:
		return 0, io.EOF
	}
	return 0, nil
}

// takeFromSender returns how much it took from the sender that waits, and
// wakes it if it can finish on its own.
func (c *pipe) takeFromSender(p []byte) int {
	k := copy(p, c.src)
	c.src = c.src[k:]
	if c.swaiting && len(c.src) <= c.limit-c.ring.n {
		c.wakeSender(&c.swaiting)
	}
	if c.roomWanted && c.ring.n < c.limit {
		c.wakeSender(&c.roomWanted)
	}
	return k
}
