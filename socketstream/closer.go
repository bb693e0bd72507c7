package socketstream

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/internal/closing"
)

// A socketCloser closes a socket of the system's, which does not block.
type socketCloser struct {
	conn net.Conn
	once sync.Once
}

func (c *socketCloser) Close(context.Context) (err error) {
	c.once.Do(func() { err = c.conn.Close() })
	if errors.Is(err, net.ErrClosed) {
		return nil // closed below us
	}
	return err
}

// A foreignCloser closes a connection of which nothing is known, so in a
// goroutine. Only its first Close says that time ran out.
type foreignCloser struct {
	abc.AsyncResource
	again atomic.Bool
}

func (c *foreignCloser) Close(ctx context.Context) error {
	again := c.again.Swap(true)
	err := c.AsyncResource.Close(ctx)
	if again {
		err = closing.WithoutContext(ctx, err)
	}
	return err
}

type contextCloser func(context.Context) error

func (c contextCloser) Close(ctx context.Context) error { return c(ctx) }

// unsupported says which kind of connection can't be half-closed.
type unsupported struct{ conn net.Conn }

func (e *unsupported) Error() string {
	return fmt.Sprintf("%v: a %T has no CloseWrite", errors.ErrUnsupported, e.conn)
}

func (e *unsupported) Unwrap() error { return errors.ErrUnsupported }
