package main

import (
	"context"
	"sync/atomic"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/socketstream"
)

// A side is a stream whose bytes are counted.
type side struct {
	stream abc.Stream
	meter
}

type meter interface {
	// Transferred may be called at any time.
	Transferred() (received, sent int64)
}

// newSide counts at the socket, below TLS too, if there is one: around it
// nothing may be, or bytes could not be spliced. So TLS counts as it is on the
// wire.
func newSide(s abc.Stream) side {
	if socket, ok := abc.As[*socketstream.Stream](s); ok {
		return side{s, socket}
	}
	c := &counted{Stream: s}
	return side{c, c}
}

// counted is a stream that has no socket.
type counted struct {
	abc.Stream
	received, sent atomic.Int64
}

func (c *counted) ReceiveSome(ctx context.Context, p []byte) (int, error) {
	n, err := c.Stream.ReceiveSome(ctx, p)
	c.received.Add(int64(n))
	return n, err
}

func (c *counted) SendAll(ctx context.Context, p []byte) error {
	err := c.Stream.SendAll(ctx, p)
	if err == nil {
		c.sent.Add(int64(len(p)))
	} else {
		c.sent.Add(int64(max(abc.Sent(err), 0)))
	}
	return err
}

// Unwrap implements [abc.Unwrapper].
func (c *counted) Unwrap() abc.AsyncResource { return c.Stream }

func (c *counted) Transferred() (received, sent int64) { return c.received.Load(), c.sent.Load() }
