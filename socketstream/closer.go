package socketstream

import (
	"context"
	"errors"
	"net"
	"sync"

	"github.com/tributary-go/tributary/abc"
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
// goroutine, as closeutil.FromCloser does.
type foreignCloser struct{ abc.AsyncResource }

func (c foreignCloser) Close(ctx context.Context) error {
	err := c.AsyncResource.Close(ctx)
	if errors.Is(err, net.ErrClosed) {
		return nil // closed below us
	}
	return err
}

type contextCloser func(context.Context) error

func (c contextCloser) Close(ctx context.Context) error { return c(ctx) }
