package socketstream

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/internal/serve"
)

// ListenOptions configure [Listen].
type ListenOptions struct {
	// File, if it is not nil, is a listening socket to use in place of a new one:
	// one of those that [Inherited] returns, or what [Listener.File] did. Listen
	// owns it and closes it, whether it succeeds or not. The socket has to be
	// what Listen would have made, at the same address; the error names both. Of
	// the address, port 0 is any port, and "" any address. The path of a Unix
	// socket is left where it is by Close.
	File *os.File

	// MaxConns is how many connections are served at the same time. At the
	// limit, accepting pauses until a handler has returned, so that further
	// connections wait in the kernel's backlog. 0 is no limit; a negative
	// MaxConns panics.
	MaxConns int

	// Linger is the [Stream.SetLinger] of each stream, for a handler that closes
	// its own gracefully; what it leaves open is closed forcefully. 0 closes at
	// once; a negative one panics.
	Linger time.Duration

	// Logger is told, at level Error, when file descriptors or memory run out
	// and when accepting fails again and again: at once, and then at most once
	// a minute, with how many failures there were. It is also told of panics
	// that Serve can't pass on because it passes on another one. nil is
	// slog.Default(), as it is then.
	Logger *slog.Logger

	// MinBackOff and MaxBackOff bound the pause before accepting is tried again
	// after such an error. It begins with the one, doubles up to the other, and
	// begins anew after a success. 0 is 5 ms and 1 s, and adapts to the other
	// one where that is set. Negative ones panic, and a MinBackOff above
	// MaxBackOff.
	MinBackOff, MaxBackOff time.Duration

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
// Close waits for the handlers that run. A handler that calls it passes its own
// ctx, lest Close should wait for itself; see [abc.Listener].
type Listener struct {
	engine *serve.Listener
	ln     net.Listener

	mu     sync.Mutex // File has settled who removes a path before Close looks
	closed bool
}

var _ abc.StatsListener = (*Listener)(nil)

// Listen listens at address on network, which is "tcp", "tcp4", "tcp6" or
// "unix". For TCP the address is "host:port"; without a host it is every
// address of the machine, of both families where network is "tcp", and port 0
// is one that is free, see [Listener.Addr]. For Unix sockets it is a path, which
// Close removes, or on Linux a name in the abstract namespace after an "@".
//
// ctx bounds the resolution of the host's name and has no effect on the
// listener afterwards. The error matches the cause: syscall.EADDRINUSE,
// net.UnknownNetworkError. A path at which there is anything already is an
// error, and is left as it is. opts may be nil; with a File in it, Listen uses that
// socket.
func Listen(ctx context.Context, network, address string, opts *ListenOptions) (*Listener, error) {
	cfg := opts.config()
	cfg.Check() // before there is something to leak
	var linger time.Duration
	if opts != nil {
		linger = opts.Linger
		checkLinger(linger)
	}
	if opts != nil && opts.File != nil {
		defer opts.File.Close()
	}
	if ctx.Err() != nil {
		return nil, opError("listen", 0, abc.ContextErr(ctx))
	}
	if err := checkNetwork(network); err != nil {
		return nil, opError("listen", 0, err)
	}
	ln, err := opts.listen(ctx, network, address)
	if err != nil {
		if ctx.Err() != nil {
			err = abc.ContextErr(ctx)
		}
		return nil, opError("listen", 0, err)
	}
	a := serve.FromNet(ln, func(c net.Conn) abc.Stream { return newLingering(c, linger) })
	return &Listener{engine: serve.New(a, cfg), ln: ln}, nil
}

func (o *ListenOptions) listen(ctx context.Context, network, address string) (net.Listener, error) {
	if o != nil && o.File != nil {
		return inherit(ctx, o.File, network, address)
	}
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, network, address)
	if err != nil && network == "unix" {
		err = explainPath(address, err)
	}
	return ln, err
}

func (o *ListenOptions) config() serve.Config {
	cfg := serve.Config{Transport: "socketstream"}
	if o != nil {
		cfg.MaxConns, cfg.Logger, cfg.OnPanic = o.MaxConns, o.Logger, o.OnPanic
		cfg.MinBackOff, cfg.MaxBackOff = o.MinBackOff, o.MaxBackOff
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
func (l *Listener) Addr() net.Addr { return l.ln.Addr() }

// File returns a file of the listening socket, to be passed to another process
// that goes on listening: see [Inherited]. The two share one socket and one
// queue of connections, so none is refused as long as either is open. Start the
// other process, wait until it says that it serves, then drain this one by
// Close. The file is the caller's to close.
//
// From then on, Close leaves the path of a Unix socket where it is. Whoever is
// the last to listen there removes it.
//
// It does not block. After Close it returns [abc.ErrClosed]. Windows can't pass
// sockets on: [errors.ErrUnsupported].
func (l *Listener) File() (*os.File, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil, opError("file", 0, abc.ErrClosed)
	}
	f, err := dupListener(l.ln)
	if err != nil {
		return nil, opError("file", 0, err)
	}
	if u, ok := l.ln.(*net.UnixListener); ok {
		u.SetUnlinkOnClose(false)
	}
	return f, nil
}

// Stats implements [abc.StatsListener].
func (l *Listener) Stats() abc.ListenerStats { return l.engine.Stats() }

// Serve implements [abc.Listener]. It panics if h is nil.
func (l *Listener) Serve(ctx context.Context, h abc.Handler) error { return l.engine.Serve(ctx, h) }

// Close implements [abc.Listener].
func (l *Listener) Close(ctx context.Context) error {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	return l.engine.Close(ctx)
}
