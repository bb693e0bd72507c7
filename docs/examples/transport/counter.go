package transport

import (
	"context"
	"sync/atomic"

	"github.com/tributary-go/tributary/abc"
)

// A Counter is a stream that counts the bytes that are received through it.
type Counter struct {
	abc.Stream
	Received atomic.Int64
}

var (
	_ abc.Stream    = (*Counter)(nil)
	_ abc.Unwrapper = (*Counter)(nil)
)

// ReceiveSome implements [abc.ReceiveStream].
func (c *Counter) ReceiveSome(ctx context.Context, p []byte) (int, error) {
	n, err := c.Stream.ReceiveSome(ctx, p)
	c.Received.Add(int64(n))
	return n, err
}

// Unwrap implements [abc.Unwrapper].
func (c *Counter) Unwrap() abc.AsyncResource { return c.Stream }
