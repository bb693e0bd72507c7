package memstream

import (
	"context"
	"io"

	"github.com/tributary-go/tributary/abc"
)

// ReceiveSome implements [abc.ReceiveStream]. It blocks until something arrives.
func (c *Conn) ReceiveSome(ctx context.Context, p []byte) (int, error) {
	n, err := c.receive(ctx, p)
	return n, opError("receive", 0, err)
}

func (c *Conn) receive(ctx context.Context, p []byte) (int, error) {
	if ctx.Err() != nil {
		return 0, abc.ContextErr(ctx)
	}
	if len(p) == 0 {
		return 0, abc.ErrEmptyBuffer
	}
	c.net.mu.Lock()
	defer c.net.mu.Unlock()
	switch {
	case c.closed:
		return 0, abc.ErrClosed
	case c.receiver.busy:
		return 0, abc.ErrBusy
	}
	c.receiver.busy = true
	defer func() { c.receiver.busy = false }()
	for inTime := true; ; {
		n, err := c.take(p[:min(len(p), copyLimit)])
		if n > 0 || err != nil {
			return n, err
		}
		if !inTime {
			return 0, abc.ContextErr(ctx)
		}
		inTime = c.receiver.wait(ctx, c.net, min(c.in.next(), c.patience()))
	}
}

// take returns what has arrived: bytes, an end, or neither.
func (c *Conn) take(p []byte) (int, error) {
	c.expire()
	now := c.net.now()
	switch {
	case c.closed:
		return 0, abc.ErrClosed
	case c.err != nil:
		return 0, c.err
	}
	switch n := c.in.receive(now, p); {
	case n > 0:
		return n, nil
	case c.in.fin <= now:
		return 0, io.EOF
	case c.in.rst <= now:
		return 0, errReset
	}
	return 0, nil
}
