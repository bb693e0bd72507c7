package memstream

import (
	"context"

	"github.com/tributary-go/tributary/abc"
)

// lockSend locks c for a sending operation, or says why it may not begin.
func (c *pipe) lockSend(ctx context.Context) error {
	if ctx.Err() != nil {
		return abc.ContextErr(ctx)
	}
	c.mu.Lock()
	var err error
	switch {
	case c.sclosed || c.ended:
		err = abc.ErrClosed
	case c.sending:
		err = abc.ErrBusy
	default:
		return nil
	}
	c.mu.Unlock()
	return err
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

// send sends bufs, and returns how many bytes went.
func (c *pipe) send(ctx context.Context, bufs ...[]byte) (sent int, err error) {
	if err := c.lockSend(ctx); err != nil {
		return 0, err
	}
	defer c.mu.Unlock()
	if err := c.gone(); err != nil { // also if there is nothing to send
		return 0, err
	}
	for _, p := range bufs {
		n, err := c.sendLocked(ctx, p)
		sent += n
		if err != nil {
			return sent, err
		}
	}
	return sent, nil
}

func (c *pipe) sendLocked(ctx context.Context, p []byte) (int, error) {
	size := len(p)
	if size == 0 {
		return 0, nil
	}
	if err := c.gone(); err != nil { // while the buffer before this one waited
		return 0, err
	}
	if c.rwaiting {
		k := copy(c.dst[:min(len(c.dst), copyLimit)], p)
		p = p[k:]
		c.wakeReceiver(k)
	}
	if len(p) <= c.limit-c.ring.n {
		c.ring.put(p)
		return size, nil
	}
	c.src, c.swaiting = p, true
	inTime := c.waitSending(ctx, &c.swaiting)
	rest := len(c.src)
	c.src = nil
	switch {
	case rest == 0:
		return size, nil
	case !inTime:
		return size - rest, abc.ContextErr(ctx)
	}
	return size - rest, c.gone()
}

// waitSendable blocks until there is room, or a receiver that waits.
func (c *pipe) waitSendable(ctx context.Context) error {
	if err := c.lockSend(ctx); err != nil {
		return err
	}
	defer c.mu.Unlock()
	inTime := true
	if !c.rclosed && !c.rwaiting && c.ring.n >= c.limit {
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
		c.wakeReceiver(0)
	}
	return nil
}
