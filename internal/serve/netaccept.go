package serve

import (
	"context"
	"errors"
	"net"
	"time"

	"github.com/tributary-go/tributary/abc"
)

// A NetAcceptor is an [Acceptor] with an address.
type NetAcceptor interface {
	Acceptor
	Addr() net.Addr
}

// FromNet makes an Acceptor of ln, which it owns. wrap makes the streams.
//
// A net.Listener knows no context. A deadline interrupts the accept of those
// that have one, TCP and Unix sockets; of the others it is left to go on in
// the background, and what it accepts is kept for the next call.
func FromNet(ln net.Listener, wrap func(net.Conn) abc.Stream) NetAcceptor {
	if d, ok := ln.(deadliner); ok && d.SetDeadline(time.Time{}) == nil {
		return &deadlineAcceptor{ln: d, wrap: wrap}
	}
	return newBackgroundAcceptor(ln, wrap)
}

type deadliner interface {
	net.Listener
	SetDeadline(time.Time) error
}

// deadlineAcceptor interrupts ln.Accept by a deadline in the past.
type deadlineAcceptor struct {
	ln   deadliner
	wrap func(net.Conn) abc.Stream
}

var longAgo = time.Unix(1, 0)

func (a *deadlineAcceptor) Addr() net.Addr { return a.ln.Addr() }

// Accept must not be called by two goroutines at the same time: the deadline
// is the listener's, not the call's.
func (a *deadlineAcceptor) Accept(ctx context.Context) (abc.Stream, error) {
	if ctx.Err() != nil {
		return nil, abc.ContextErr(ctx)
	}
	interrupted := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		_ = a.ln.SetDeadline(longAgo)
		close(interrupted)
	})
	c, err := a.ln.Accept()
	if !stop() {
		// Only after the function has run is it sure that the deadline does
		// not come back and interrupt the next Accept.
		<-interrupted
		_ = a.ln.SetDeadline(time.Time{})
	}
	switch {
	case err == nil:
		return a.wrap(c), nil // even if ctx is done: it was taken from the queue
	case ctx.Err() != nil:
		return nil, abc.ContextErr(ctx)
	}
	return nil, acceptError(err)
}

func (a *deadlineAcceptor) Close(context.Context) error {
	return closeError(a.ln.Close())
}

// acceptError says in our words that ln was closed, by us or somebody else.
func acceptError(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return abc.ErrClosed
	}
	return err
}

func closeError(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}
