package socketstream

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/internal/serve"
)

// ListenOptions configure [Listen].
type ListenOptions struct {
	// MaxConns is how many connections are served at the same time. At the
	// limit, accepting pauses until a handler has returned, so that further
	// connections wait in the kernel's backlog. 0 is no limit; a negative
	// MaxConns panics.
	MaxConns int

	// Logger is told of errors of accepting that Serve survives: when file
	// descriptors or memory ran out. nil is slog.Default(), as it is then.
	Logger *slog.Logger

	// OnPanic, if it is not nil, isolates the panics of handlers: it is called
	// in the handler's goroutine, with the handler's ctx, what the handler
	// panicked with, and the stack of the panic, after the handler's stream was
	// closed; then Serve goes on. nil means that a panic ends Serve, which
	// panics with it, as [abc.Listener] says.
	OnPanic func(ctx context.Context, v any, stack []byte)
}

// A Listener serves the connections of a TCP or Unix socket. Make one with
// [Listen]; listener.FromNet makes one of a net.Listener. All methods may be
// called at the same time.
//
// Close waits for the handlers that run. A handler that calls it without a
// bound on its ctx waits for itself.
type Listener struct {
	engine *serve.Listener
	addr   net.Addr
}

var _ abc.Listener = (*Listener)(nil)

// Listen listens at address on network, which is "tcp", "tcp4", "tcp6" or
// "unix". For TCP the address is "host:port"; without a host it is every
// address of the machine, of both families where network is "tcp", and port 0
// is one that is free, see [Listener.Addr]. For Unix sockets it is a path, which
// Close removes, or on Linux a name in the abstract namespace after an "@".
//
// ctx bounds the resolution of the host's name and has no effect on the
// listener afterwards. The error matches the cause: syscall.EADDRINUSE,
// net.UnknownNetworkError. A path at which there is anything already is an
// error, and is left as it is. opts may be nil.
func Listen(ctx context.Context, network, address string, opts *ListenOptions) (*Listener, error) {
	cfg := opts.config()
	cfg.Check() // before there is something to leak
	if ctx.Err() != nil {
		return nil, opError("listen", 0, abc.ContextErr(ctx))
	}
	if err := checkNetwork(network); err != nil {
		return nil, opError("listen", 0, err)
	}
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, network, address)
	if err != nil {
		switch {
		case ctx.Err() != nil:
			err = abc.ContextErr(ctx)
		case network == "unix":
			err = explainPath(address, err)
		}
		return nil, opError("listen", 0, err)
	}
	a := serve.FromNet(ln, func(c net.Conn) abc.Stream { return New(c) })
	return &Listener{engine: serve.New(a, cfg), addr: a.Addr()}, nil
}

func (o *ListenOptions) config() serve.Config {
	cfg := serve.Config{Transport: "socketstream"}
	if o != nil {
		cfg.MaxConns, cfg.Logger, cfg.OnPanic = o.MaxConns, o.Logger, o.OnPanic
	}
	return cfg
}

// explainPath adds to the error of listening at a path what is in the way
// there. The system's "address already in use" sends people looking for a
// process.
func explainPath(path string, err error) error {
	info, statErr := os.Lstat(path)
	switch {
	case statErr != nil, strings.HasPrefix(path, "@"):
		return err
	case info.IsDir():
		return fmt.Errorf("%s is a directory: %w", path, err)
	case info.Mode()&os.ModeSocket == 0:
		return fmt.Errorf("%s exists and is not a socket: %w", path, err)
	}
	return err
}

// Addr returns the address that the listener listens at, with the port that
// the system chose. It does not change, and is there after Close too.
func (l *Listener) Addr() net.Addr { return l.addr }

// Serve implements [abc.Listener]. It panics if h is nil.
func (l *Listener) Serve(ctx context.Context, h abc.Handler) error { return l.engine.Serve(ctx, h) }

// Close implements [abc.Listener].
func (l *Listener) Close(ctx context.Context) error { return l.engine.Close(ctx) }
