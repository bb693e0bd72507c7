package memstream

import (
	"context"

	"github.com/tributary-go/tributary/abc"
)

// SendAll implements [abc.SendStream]. It blocks while the window of the link is
// full: see [Link]. It returns when the last byte is on its way.
func (c *Conn) SendAll(ctx context.Context, p []byte) error { return c.SendVector(ctx, [][]byte{p}) }

// SendVector implements [abc.VectorSender].
func (c *Conn) SendVector(ctx context.Context, bufs [][]byte) error {
	sent, err := c.send(ctx, bufs)
	return opError("send", sent, err)
}

func (c *Conn) send(ctx context.Context, bufs [][]byte) (sent int, err error) {
	if err := c.beginSend(ctx); err != nil {
		return 0, err
	}
	defer c.endSend()
	if err := c.unsendable(); err != nil { // also if there is nothing to send
		return 0, err
	}
	for _, p := range bufs {
		for len(p) > 0 {
			inTime := c.waitForRoom(ctx)
			if err := c.unsendable(); err != nil {
				return sent, err
			}
			if !inTime {
				return sent, abc.ContextErr(ctx)
			}
			k := min(len(p), c.out.room())
			c.out.send(p[:k])
			p = p[k:]
			sent += k
		}
	}
	return sent, nil
}

// WaitSendable implements [abc.SendWaiter]: it blocks until the window has room
// for at least one byte.
func (c *Conn) WaitSendable(ctx context.Context) error {
	return opError("wait sendable", 0, c.waitSendable(ctx))
}

func (c *Conn) waitSendable(ctx context.Context) error {
	if err := c.beginSend(ctx); err != nil {
		return err
	}
	defer c.endSend()
	inTime := c.waitForRoom(ctx)
	if err := c.unsendable(); err != nil {
		return err
	}
	if !inTime {
		return abc.ContextErr(ctx)
	}
	return nil
}

// beginSend locks the network for a sending operation, or says why it may not
// begin. endSend ends it.
func (c *Conn) beginSend(ctx context.Context) error {
	if ctx.Err() != nil {
		return abc.ContextErr(ctx)
	}
	c.net.mu.Lock()
	var err error
	switch {
	case c.closed || c.ended:
		err = abc.ErrClosed
	case c.sender.busy:
		err = abc.ErrBusy
	default:
		c.sender.busy = true
		return nil
	}
	c.net.mu.Unlock()
	return err
}

func (c *Conn) endSend() {
	c.sender.busy = false
	c.net.mu.Unlock()
}

// waitForRoom blocks until something can be sent, or nothing ever (true), or ctx
// is done (false).
func (c *Conn) waitForRoom(ctx context.Context) (inTime bool) {
	for c.unsendable() == nil && c.out.room() == 0 {
		if !c.sender.wait(ctx, c.net, min(c.in.rst, c.patience())) {
			return false
		}
	}
	return true
}

// unsendable says why nothing can be sent, nil if it can.
func (c *Conn) unsendable() error {
	c.expire()
	switch {
	case c.closed:
		return abc.ErrClosed
	case c.err != nil:
		return c.err
	case c.in.rst > c.net.now():
		return nil
	case c.in.fin <= c.in.rst: // it was before that: nothing overtakes
		return errPeerClosed
	}
	return errReset
}

// SendEOF implements [abc.Stream]. It does not block: the end comes behind what
// was sent.
func (c *Conn) SendEOF(ctx context.Context) error {
	return opError("send EOF", 0, c.sendEOF(ctx))
}

func (c *Conn) sendEOF(ctx context.Context) error {
	if ctx.Err() != nil {
		return abc.ContextErr(ctx)
	}
	c.net.mu.Lock()
	defer c.net.mu.Unlock()
	switch {
	case c.closed:
		return abc.ErrClosed
	case c.sender.busy:
		return abc.ErrBusy
	case c.ended:
		return nil
	}
	if err := c.unsendable(); err != nil {
		return err
	}
	c.ended = true
	c.out.sendEOF()
	return nil
}
