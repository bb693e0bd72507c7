package socketstream

import (
	"context"
	"errors"
	"net"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/closeutil"
)

// closerOf returns what closes conn; nil for a socket of the system's, which
// closeSocket closes.
func closerOf(conn net.Conn) abc.AsyncResource {
	if c, ok := conn.(interface{ CloseContext(context.Context) error }); ok {
		return contextCloser(c.CloseContext)
	}
	if kernelConn(conn) {
		return nil
	}
	return foreignCloser{closeutil.FromCloser(conn)}
}

type contextCloser func(context.Context) error

func (c contextCloser) Close(ctx context.Context) error { return c(ctx) }

// A foreignCloser closes a connection of which nothing is known, so in a
// goroutine, as closeutil.FromCloser does.
type foreignCloser struct{ abc.AsyncResource }

func (c foreignCloser) Close(ctx context.Context) error {
	return closedBelow(c.AsyncResource.Close(ctx))
}

// closeSocket closes a socket of the system's, which does not block. A second
// Close of the connection would return at once; the lock has it wait until the
// first one has released the descriptor.
func (s *Stream) closeSocket() error {
	s.closing.Lock()
	defer s.closing.Unlock()
	return closedBelow(s.conn.Close())
}

// closedBelow returns err, but nil if it says that the connection was closed
// before.
func closedBelow(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}
