package memstream

import (
	"context"

	"github.com/tributary-go/tributary/abc"
)

// largeSend is from which size on, in bytes, a send lets its receiver come
// back for more before the bytes go into the ring: to copy them twice takes
// longer than that.
const largeSend = 16 << 10

// send sends p, and returns how many bytes went.
func (c *pipe) send(ctx context.Context, p []byte) (sent int, err error) {
	if ctx.Err() != nil {
		return 0, abc.ContextErr(ctx)
	}
	c.mu.Lock()
	if err = c.maySend(len(p)); err == nil {
		sent, err = c.sendLocked(ctx, p)
	}
	c.mu.Unlock()
	return sent, err
}

// sendVector sends bufs as one.
func (c *pipe) sendVector(ctx context.Context, bufs [][]byte) (sent int, err error) {
	if ctx.Err() != nil {
		return 0, abc.ContextErr(ctx)
	}
	size := 0
	for _, p := range bufs {
		size += len(p)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.maySend(size); err != nil {
		return 0, err
	}
	for _, p := range bufs {
		if len(p) == 0 {
			continue
		}
		if err := c.gone(); err != nil { // while the buffer before this one waited
			return sent, err
		}
		n, err := c.sendLocked(ctx, p)
		sent += n
		if err != nil {
			return sent, err
		}
	}
	return sent, nil
}

// maySend says why a send of size bytes may not begin, nil if it may.
func (c *pipe) maySend(size int) error {
	switch {
	case c.sclosed || c.ended:
		return abc.ErrClosed
	case c.sending:
		return abc.ErrBusy
	case size >= largeSend && c.ring.n == 0 && len(c.dst) == 0:
		c.awaitReceiver()
	}
	return c.gone()
}

// gone says why nothing can be sent any more, nil if it can.
func (c *pipe) gone() error {
	switch {
	case c.sclosed:
		return abc.ErrClosed
	case c.rclosed:
		return brokenByPeer
	}
	return nil
}

// awaitReceiver lets the receiver that has everything come back for more, if
// that pays. It releases the lock meanwhile.
func (c *pipe) awaitReceiver() {
	y := c.syield.next()
	if !y.pays {
		return
	}
	c.sending = true
	c.mu.Unlock()
	long := y.now()
	c.mu.Lock()
	c.sending = false
	c.syield.learn(len(c.dst) > 0, long)
}

// sendLocked sends p. It releases the lock while it waits.
func (c *pipe) sendLocked(ctx context.Context, p []byte) (sent int, err error) {
	rest := p
	if len(c.dst) > 0 {
		rest = rest[c.hand(rest):]
	}
	if len(rest) == 0 {
		return len(p), nil
	}
	if len(rest) > c.limit-c.ring.n {
		rest, err = c.waitUntilItFits(ctx, rest)
	}
	if len(rest) > 0 && err == nil {
		c.ring.put(rest)
		rest = nil
	}
	return len(p) - len(rest), err
}

// hand copies to the receiver that has room for it what it can of p, and wakes
// it if it waits.
func (c *pipe) hand(p []byte) int {
	n := copy(c.dst, p)
	c.dst = c.dst[n:]
	c.filled += n
	if c.rwaiting && n > 0 {
		c.wakeReceiver()
	}
	return n
}

// waitUntilItFits waits until the receiver has taken so much of p that the rest
// fits into the ring, and returns that.
func (c *pipe) waitUntilItFits(ctx context.Context, p []byte) (rest []byte, err error) {
	c.src, c.swaiting = p, true
	inTime := c.waitSending(ctx, &c.swaiting)
	rest, c.src = c.src, nil
	switch {
	case len(rest) == 0:
		return nil, nil
	case !inTime:
		return rest, abc.ContextErr(ctx)
	}
	return rest, c.gone()
}

// waitSendable blocks until there is room, or a receiver that waits.
func (c *pipe) waitSendable(ctx context.Context) error {
	if ctx.Err() != nil {
		return abc.ContextErr(ctx)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.maySend(0); err != nil {
		return err
	}
	inTime := true
	if len(c.dst) == 0 && c.ring.n >= c.limit {
		c.roomWanted = true
		inTime = c.waitSending(ctx, &c.roomWanted)
	}
	if !inTime {
		return abc.ContextErr(ctx)
	}
	return c.gone()
}

// waitSending releases the lock until the flag *waiting was cleared, or ctx is
// done (false). It returns with the lock held and the flag clear.
func (c *pipe) waitSending(ctx context.Context, waiting *bool) (inTime bool) {
	if c.swake == nil {
		c.swake = make(chan struct{}, 1)
	}
	c.sending = true
	c.mu.Unlock()
	select {
	case <-c.swake:
		c.mu.Lock()
		c.sending = false
		return true
	case <-ctx.Done():
	}
	c.mu.Lock()
	c.sending = false
	if !*waiting { // somebody was faster than ctx
		<-c.swake
		return true
	}
	*waiting = false
	return false
}

// sendEOF ends the direction.
func (c *pipe) sendEOF(ctx context.Context) error {
	if ctx.Err() != nil {
		return abc.ContextErr(ctx)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.sclosed:
		return abc.ErrClosed
	case c.sending:
		return abc.ErrBusy
	}
	c.ended = true
	if c.rwaiting {
		c.wakeReceiver()
	}
	return nil
}
