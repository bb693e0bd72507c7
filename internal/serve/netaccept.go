package serve

import (
	"context"
	"errors"
	"net"
	"sync"
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
//
// What does that stays registered with a context from one Accept to the next,
// since they have the same one in most cases.
type deadlineAcceptor struct {
	ln   deadliner
	wrap func(net.Conn) abc.Stream

	mu    sync.Mutex
	watch *interrupter // nil if there is none
}

// An interrupter sets the deadline when a context is done.
type interrupter struct {
	done <-chan struct{} // of the context
	stop func() bool
	set  chan struct{} // closed when it has
}

var longAgo = time.Unix(1, 0)

func (a *deadlineAcceptor) Addr() net.Addr { return a.ln.Addr() }

// Accept must not be called by two goroutines at the same time: the deadline
// is the listener's, not the call's.
func (a *deadlineAcceptor) Accept(ctx context.Context) (abc.Stream, error) {
	if ctx.Err() != nil {
		return nil, abc.ContextErr(ctx)
	}
	a.interruptBy(ctx)
	c, err := a.ln.Accept()
	if err != nil || ctx.Err() != nil {
		a.forget() // not later, so that it does not outlive Serve
	}
	switch {
	case err == nil:
		return a.wrap(c), nil // even if ctx is done: it was taken from the queue
	case ctx.Err() != nil:
		return nil, abc.ContextErr(ctx)
	}
	return nil, acceptError(err)
}

// interruptBy sees to it that ctx, and nothing else, interrupts ln.Accept.
func (a *deadlineAcceptor) interruptBy(ctx context.Context) {
	a.mu.Lock()
	same := a.watch != nil && a.watch.done == ctx.Done()
	a.mu.Unlock()
	if same {
		return
	}
	a.forget()
	w := &interrupter{done: ctx.Done(), set: make(chan struct{})}
	w.stop = context.AfterFunc(ctx, func() {
		_ = a.ln.SetDeadline(longAgo)
		close(w.set)
	})
	a.mu.Lock()
	a.watch = w
	a.mu.Unlock()
}

// forget ends the interrupter, and the deadline if there is one.
func (a *deadlineAcceptor) forget() {
	a.mu.Lock()
	w := a.watch
	a.watch = nil
	a.mu.Unlock()
	if w != nil && !w.stop() {
		// Only after the function has run is it sure that the deadline does
		// not come back and interrupt the next Accept.
		<-w.set
		_ = a.ln.SetDeadline(time.Time{})
	}
}

func (a *deadlineAcceptor) Close(context.Context) error {
	err := a.ln.Close()
	a.forget()
	return closeError(err)
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
