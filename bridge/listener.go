package bridge

import (
	"context"
	"errors"
	"net"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/listener"
)

// Listener makes a [net.Listener] of l, which it owns, for http.Serve and
// whatever else accepts one by one. It serves l from the start, in a goroutine,
// so it has to be closed. What l does for a connection before its handler is
// called, a TLS handshake, holds up no Accept.
//
// All methods may be called at the same time. Accept blocks until a connection
// came in, and returns a [Conn] of its stream; whoever accepted it closes it.
// After Close it returns an error that matches [net.ErrClosed]. When l failed,
// it returns that error from then on. Every error is a [*net.OpError].
//
// Close ends accepting, wakes every Accept, closes what was never accepted,
// waits for nothing and returns nil, also the second time. Connections that
// were accepted live on until they are closed; the goroutine ends with the
// last of them. Other than with a [*net.TCPListener] the address may be in use
// a moment longer.
//
// Addr is that of the first layer of l that has one, else an address that
// reads "stream".
func Listener(l abc.Listener) net.Listener {
	if l == nil {
		panic("bridge: Listener of a nil listener")
	}
	addr, _ := abc.As[hasAddr](l)
	return &netListener{queue: listener.Queue(context.Background(), l), addr: addr}
}

type hasAddr interface{ Addr() net.Addr }

type netListener struct {
	queue *listener.AcceptQueue
	addr  hasAddr // nil if no layer has an address
}

var _ net.Listener = (*netListener)(nil)

// Accept implements [net.Listener].
func (l *netListener) Accept() (net.Conn, error) {
	s, err := l.queue.Accept(context.Background())
	if err == nil {
		return Conn(s), nil
	}
	if errors.Is(err, net.ErrClosed) {
		err = net.ErrClosed // bare, as in the errors of a Conn
	}
	return nil, &net.OpError{Op: "accept", Net: l.Addr().Network(), Addr: l.Addr(), Err: err}
}

// Close implements [net.Listener].
func (l *netListener) Close() error { return l.queue.Close(context.Background()) }

// Addr implements [net.Listener].
func (l *netListener) Addr() net.Addr {
	if l.addr == nil {
		return streamAddr{}
	}
	return orStream(l.addr.Addr())
}
