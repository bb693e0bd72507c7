package serve

import (
	"context"
	"net"
	"sync"

	"github.com/tributary-go/tributary/abc"
)

// backgroundAcceptor calls ln.Accept in a goroutine, one at a time, which
// outlives the Accept that started it if ctx ends that. Close ends it.
type backgroundAcceptor struct {
	ln   net.Listener
	wrap func(net.Conn) abc.Stream
	done chan struct{} // closed by Close

	mu       sync.Mutex
	running  bool // from the start of the goroutine until its result was taken
	closed   bool
	accepted chan accepted // the result; has room for the one there can be
}

type accepted struct {
	conn net.Conn
	err  error
}

func newBackgroundAcceptor(ln net.Listener, wrap func(net.Conn) abc.Stream) *backgroundAcceptor {
	return &backgroundAcceptor{ln: ln, wrap: wrap, done: make(chan struct{}), accepted: make(chan accepted, 1)}
}

func (a *backgroundAcceptor) Addr() net.Addr { return a.ln.Addr() }

func (a *backgroundAcceptor) Accept(ctx context.Context) (abc.Stream, error) {
	if ctx.Err() != nil {
		return nil, abc.ContextErr(ctx)
	}
	if !a.begin() {
		return nil, abc.ErrClosed
	}
	select {
	case got := <-a.accepted:
		a.mu.Lock()
		a.running = false
		a.mu.Unlock()
		if got.err != nil {
			return nil, acceptError(got.err)
		}
		return a.wrap(got.conn), nil
	case <-a.done:
		return nil, abc.ErrClosed
	case <-ctx.Done():
		return nil, abc.ContextErr(ctx)
	}
}

// begin sees to it that the goroutine runs. It reports false after Close.
func (a *backgroundAcceptor) begin() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.closed && !a.running {
		a.running = true
		go a.acceptOne()
	}
	return !a.closed
}

func (a *backgroundAcceptor) acceptOne() {
	c, err := a.ln.Accept()
	a.mu.Lock()
	claimable := !a.closed
	if claimable {
		a.accepted <- accepted{c, err}
	}
	a.mu.Unlock()
	if !claimable && err == nil {
		_ = c.Close()
	}
}

func (a *backgroundAcceptor) Close(context.Context) error {
	a.mu.Lock()
	first := !a.closed
	a.closed = true
	a.mu.Unlock()
	if !first {
		return nil
	}
	close(a.done)
	err := a.ln.Close()
	select {
	case got := <-a.accepted: // came in, and nobody claimed it
		if got.err == nil {
			_ = got.conn.Close()
		}
	default:
	}
	return closeError(err)
}
