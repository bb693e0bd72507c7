package memstream

import (
	"context"
	"log/slog"
	"net"
	"slices"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/internal/serve"
)

// ListenOptions configure [Host.Listen].
type ListenOptions struct {
	// Backlog is how many connections may wait until they are accepted. Those
	// who dial while there are as many wait for room. 0 is 128; a negative one
	// panics.
	Backlog int

	// MaxConns is how many connections are served at the same time. At the
	// limit, accepting pauses until a handler has returned. 0 is no limit; a
	// negative one panics.
	MaxConns int

	// Logger is told of panics that Serve can't pass on because it passes on
	// another one. nil is slog.Default(), as it is then.
	Logger *slog.Logger

	// OnPanic, if it is not nil, isolates the panics of handlers, as that of
	// listener.Options does. nil means that a panic ends Serve.
	OnPanic func(ctx context.Context, v any, stack []byte)
}

// A HostListener listens at a port of a [Host]. Make one with [Host.Listen]. All
// methods may be called at the same time.
type HostListener struct {
	engine   *serve.Listener
	acceptor *acceptor
}

var _ abc.StatsListener = (*HostListener)(nil)

// Listen listens at "host:port", where the host is this one's name, nothing or
// "0.0.0.0" or "::", which mean the same, or "localhost", "127.0.0.1" or "::1",
// which only this host itself can reach. Port 0 is one that is free, see
// [HostListener.Addr]. opts may be nil.
//
// It does not block, and looks at ctx as every operation does. The error matches
// its cause: syscall.EADDRINUSE, syscall.EADDRNOTAVAIL for an address of another
// host, syscall.ENETDOWN while the host is down.
func (h *Host) Listen(ctx context.Context, address string, opts *ListenOptions) (*HostListener, error) {
	cfg := serve.Config{Transport: "memstream"}
	backlog := 0
	if opts != nil {
		cfg.MaxConns, cfg.Logger, cfg.OnPanic = opts.MaxConns, opts.Logger, opts.OnPanic
		backlog = opts.Backlog
	}
	cfg.Check()
	if backlog < 0 {
		panic("memstream: ListenOptions.Backlog must not be negative")
	}
	if backlog == 0 {
		backlog = backlogSize
	}
	if ctx.Err() != nil {
		return nil, opError("listen", 0, abc.ContextErr(ctx))
	}
	addr, err := parseHostPort(address)
	if err != nil {
		return nil, opError("listen", 0, netError("listen", nil, err))
	}
	a := &acceptor{host: h, limit: backlog, addr: addr}
	if err := a.bind(); err != nil {
		return nil, opError("listen", 0, netError("listen", addr, err))
	}
	return &HostListener{engine: serve.New(a, cfg), acceptor: a}, nil
}

// Addr returns the address that the listener listens at, with the name of its
// host and the port that was chosen.
func (l *HostListener) Addr() net.Addr { return l.acceptor.addr }

// Stats implements [abc.StatsListener].
func (l *HostListener) Stats() abc.ListenerStats { return l.engine.Stats() }

// Serve implements [abc.Listener]. It panics if h is nil. When the host crashes
// it returns an error that matches [abc.ErrBroken].
func (l *HostListener) Serve(ctx context.Context, h abc.Handler) error { return l.engine.Serve(ctx, h) }

// Close implements [abc.Listener]. Connections in the backlog are reset.
func (l *HostListener) Close(ctx context.Context) error { return l.engine.Close(ctx) }

// An acceptor has the connections that wait to be accepted. It implements
// serve.Acceptor.
type acceptor struct {
	waiter
	host  *Host
	addr  hostPort
	local bool // for connections from its own host
	limit int

	// Guarded by the network's lock:
	backlog []*Conn
	err     error // why it accepts nothing any more
}

func (a *acceptor) bind() error {
	n, h := a.host.net, a.host
	n.mu.Lock()
	defer n.mu.Unlock()
	switch a.addr.host {
	case anyHost, h.name:
	case localhost:
		a.local = true
	default:
		return errBindForeign
	}
	a.addr.host = h.name
	if h.down {
		return errBindDown
	}
	if a.addr.port == 0 {
		a.addr.port = h.ephemeral()
	}
	if a.addr.port == 0 || h.listeners[a.addr.port] != nil || h.ports[a.addr.port] != nil {
		return errBindInUse
	}
	h.listeners[a.addr.port] = a
	return nil
}

// Accept returns the connection whose handshake was over first. The last part of
// that comes half a round trip after the client has its connection.
func (a *acceptor) Accept(ctx context.Context) (abc.Stream, error) {
	n := a.host.net
	n.mu.Lock()
	defer n.mu.Unlock()
	for inTime := true; ; {
		if a.err != nil {
			return nil, a.err
		}
		first, next := -1, never
		for i, c := range a.backlog {
			if c.in.ack < next {
				first, next = i, c.in.ack
			}
		}
		if next <= n.now() {
			c := a.backlog[first]
			a.backlog = slices.Delete(a.backlog, first, first+1)
			n.changed() // there is room
			return c, nil
		}
		if !inTime || ctx.Err() != nil {
			return nil, abc.ContextErr(ctx)
		}
		n.waiting[&a.waiter] = struct{}{}
		inTime = a.wait(ctx, n, next)
		delete(n.waiting, &a.waiter)
	}
}

// forget drops the connections that ended before their handshake did.
func (a *acceptor) forget() {
	a.backlog = slices.DeleteFunc(a.backlog, func(c *Conn) bool {
		lost := c.in.ack == never
		if lost {
			c.close()
		}
		return lost
	})
}

func (a *acceptor) Close(context.Context) error {
	n := a.host.net
	n.mu.Lock()
	defer n.mu.Unlock()
	if a.host.listeners[a.addr.port] == a {
		delete(a.host.listeners, a.addr.port)
	}
	for _, c := range a.backlog {
		c.out.reset(n.now())
		c.close()
	}
	a.backlog = nil
	a.err = abc.ErrClosed
	n.changed()
	return nil
}
