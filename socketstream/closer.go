package socketstream

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
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

type contextCloser func(context.Context) error

func (c contextCloser) Close(ctx context.Context) error { return c(ctx) }

// unsupported says which kind of connection can't be half-closed.
type unsupported struct{ conn net.Conn }

func (e *unsupported) Error() string {
	return fmt.Sprintf("%v: a %T has no CloseWrite", errors.ErrUnsupported, e.conn)
}

func (e *unsupported) Unwrap() error { return errors.ErrUnsupported }
