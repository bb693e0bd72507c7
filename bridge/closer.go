package bridge

import (
	"context"
	"io"
	"sync"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/internal/closing"
)

// A closer is the closing of a stream over an io.Closer or a resource. The
// halves of a [FromReadWriter] have one together.
type closer struct {
	c     abc.AsyncResource
	once  closing.Once
	begin sync.Once
	begun chan struct{} // closed when Close was called: wakes what is blocked
}

func newCloser(c io.Closer) *closer {
	return &closer{c: closeutil.FromCloser(brokenCloser{c}), begun: make(chan struct{})}
}

// close closes with the rules of abc.AsyncResource. grace is what a graceful
// close has to wait for first; it returns soon once its ctx is done.
func (c *closer) close(ctx context.Context, grace func(context.Context) error) error {
	c.begin.Do(func() { close(c.begun) })
	first := false
	err := c.once.Do(ctx, func(ctx context.Context) error {
		first = true
		err := grace(ctx)
		if closeErr := c.c.Close(ctx); err == nil {
			err = closeErr
		}
		return err
	})
	if err == nil && !first {
		// The first may have left the wrapped Close to end by itself.
		err = c.c.Close(ctx)
	}
	if err == nil {
		return nil
	}
	if op, ok := err.(*abc.OpError); ok {
		err = op.Err
	}
	return opError("close", 0, err)
}

// A brokenCloser puts the errors of a Close into the terms of abc.
type brokenCloser struct{ c io.Closer }

func (b brokenCloser) Close() error {
	if err := b.c.Close(); err != nil {
		return abc.Broken(err)
	}
	return nil
}
