package transport

import (
	"context"
	"sync"
	"syscall"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/listener"
)

// A Listener serves the streams that [Listener.Dial] makes the other ends of.
// Make one with [Listen]. All methods may be called at the same time.
type Listener struct {
	*listener.Listener
	acceptor *acceptor
}

// Listen makes a listener.
func Listen() *Listener {
	a := &acceptor{dialled: make(chan *Stream), closed: make(chan struct{})}
	return &Listener{listener.New(a, nil), a}
}

// Dial makes a connection. It blocks until that is accepted, ctx is done, or
// the listener is closed: then the error matches [syscall.ECONNREFUSED].
func (l *Listener) Dial(ctx context.Context) (*Stream, error) {
	if ctx.Err() != nil {
		return nil, opError("dial", 0, abc.ContextErr(ctx))
	}
	client, server, err := Pair()
	if err != nil {
		return nil, err
	}
	select {
	case l.acceptor.dialled <- server:
		return client, nil
	case <-l.acceptor.closed:
		err = syscall.ECONNREFUSED
	case <-ctx.Done():
		err = abc.ContextErr(ctx)
	}
	closeutil.CloseForcefully(server)
	closeutil.CloseForcefully(client)
	return nil, opError("dial", 0, err)
}

// An acceptor takes a connection at the moment when it is dialled: none waits.
type acceptor struct {
	guard   abc.Guard
	dialled chan *Stream
	closed  chan struct{}
	closing sync.Once
}

var _ listener.Acceptor = (*acceptor)(nil)

// Accept implements [listener.Acceptor].
func (a *acceptor) Accept(ctx context.Context) (abc.Stream, error) {
	if err := a.guard.Enter(ctx); err != nil {
		return nil, opError("accept", 0, err)
	}
	defer a.guard.Leave()
	select {
	case s := <-a.dialled:
		return s, nil
	case <-a.closed:
		return nil, opError("accept", 0, abc.ErrClosed)
	case <-ctx.Done():
		return nil, opError("accept", 0, abc.ContextErr(ctx))
	}
}

// Close implements [abc.AsyncResource].
func (a *acceptor) Close(context.Context) error {
	a.guard.Close()
	a.closing.Do(func() { close(a.closed) })
	return nil
}
