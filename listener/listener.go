package listener

import (
	"context"
	"net"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/internal/serve"
	"github.com/tributary-go/tributary/socketstream"
)

// Listener serves the connections of an [Acceptor] or a net.Listener. Make one
// with [New] or [FromNet]. All methods may be called at the same time.
//
// Close waits for the handlers that run. If a handler calls it with its own
// ctx, or one that descends from that, Close does not wait for that handler. If
// it does so with another ctx, nobody can tell, and it waits for itself until
// that ctx is done.
type Listener struct {
	engine *serve.Listener
	addr   net.Addr
}

var _ abc.StatsListener = (*Listener)(nil)

// New makes a listener of a, which it owns. opts may be nil.
func New(a Acceptor, opts *Options) *Listener {
	if a == nil {
		panic("listener: New of a nil Acceptor")
	}
	l := &Listener{engine: serve.New(a, opts.config())}
	if a, ok := a.(interface{ Addr() net.Addr }); ok {
		l.addr = a.Addr()
	}
	return l
}

// FromNet makes a listener of ln, which it owns. Its streams are those that
// [socketstream.New] makes of ln's connections. opts may be nil.
//
// TCP and Unix sockets are interrupted by SetDeadline, so a deadline set by
// anybody else is lost. A net.Listener without deadlines has a goroutine
// accept for it which goes on when Serve has ended by its ctx, and keeps the
// connection it gets for the next Serve. Close ends it, if ln's Close makes
// ln's Accept return, as it should. Nothing waits for it to do so.
func FromNet(ln net.Listener, opts *Options) *Listener {
	if ln == nil {
		panic("listener: FromNet of a nil net.Listener")
	}
	return New(serve.FromNet(ln, func(c net.Conn) abc.Stream { return socketstream.New(c) }), opts)
}

// Addr returns the address that connections come in at: that of the
// net.Listener, or of an Acceptor that has a method Addr() net.Addr. It is nil
// if there is none. It does not change, and is there after Close too.
func (l *Listener) Addr() net.Addr { return l.addr }

// Serve implements [abc.Listener]. It panics if h is nil.
func (l *Listener) Serve(ctx context.Context, h abc.Handler) error { return l.engine.Serve(ctx, h) }

// Close implements [abc.Listener].
func (l *Listener) Close(ctx context.Context) error { return l.engine.Close(ctx) }

// Stats implements [abc.StatsListener].
func (l *Listener) Stats() abc.ListenerStats { return l.engine.Stats() }
