package memstream

import (
	"context"
	"io"
	"runtime"

	"github.com/tributary-go/tributary/abc"
)

const (
	// copyLimit bounds, in bytes, what one receive gets, which is copied under
	// the lock.
	copyLimit = 256 << 10

	// smallReceive is up to which size, in bytes, a receiver lets others run
	// once before it waits: in a ping-pong the answer is there afterwards, which
	// saves two goroutine switches through select.
	smallReceive = 4 << 10
)

// receive receives into p.
func (c *pipe) receive(ctx context.Context, p []byte) (int, error) {
	if ctx.Err() != nil {
		return 0, abc.ContextErr(ctx)
	}
	if len(p) == 0 {
		return 0, abc.ErrEmptyBuffer
	}
	c.mu.Lock()
	switch {
	case c.rclosed:
		c.mu.Unlock()
		return 0, abc.ErrClosed
	case c.receiving.Load():
		c.mu.Unlock()
		return 0, abc.ErrBusy
	}
	if n, err := c.take(p); n > 0 || err != nil {
		c.mu.Unlock()
		return n, err
	}
	c.receiving.Store(true)
	defer c.receiving.Store(false)

	done := ctx.Done()
	if done != nil && c.rsmall {
		c.mu.Unlock()
		runtime.Gosched()
		c.mu.Lock()
		if n, err := c.take(p); n > 0 || err != nil {
			c.mu.Unlock()
			return n, err
		}
	}
	if c.rwake == nil {
		c.rwake = make(chan int, 1)
	}
	c.dst, c.rwaiting = p, true
	if c.roomWanted {
		c.wakeSender(&c.roomWanted)
	}
	c.mu.Unlock()

	n := 0
	if done == nil {
		n = <-c.rwake // cheaper than a select
	} else {
		select {
		case n = <-c.rwake:
		case <-done:
			if c.stopReceiving() {
				return 0, abc.ContextErr(ctx)
			}
			n = <-c.rwake // somebody was faster than ctx
		}
	}
	if n > 0 {
		return n, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.take(p)
}

// stopReceiving makes the receiver that waits one that does not, or reports
// that somebody woke it before.
func (c *pipe) stopReceiving() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.rwaiting {
		return false
	}
	c.rwaiting, c.dst = false, nil
	return true
}

// take returns what there is for a receiver: bytes, an end, or neither.
func (c *pipe) take(p []byte) (int, error) {
	p = p[:min(len(p), copyLimit)]
	n := c.ring.get(p)
	if c.swaiting && n < len(p) { // the ring is empty: go on with the sender's own
		k := copy(p[n:], c.src)
		c.src = c.src[k:]
		n += k
	}
	if n == 0 {
		switch {
		case c.rclosed:
			return 0, abc.ErrClosed
		case c.ended || c.sclosed:
			return 0, io.EOF
		}
		return 0, nil
	}
	c.rsmall = n <= smallReceive
	if c.swaiting && len(c.src) <= c.limit-c.ring.n {
		c.ring.put(c.src)
		c.src = nil
		c.wakeSender(&c.swaiting)
	}
	if c.roomWanted && c.ring.n < c.limit {
		c.wakeSender(&c.roomWanted)
	}
	return n, nil
}
