package socketstream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"sync"
	"syscall"
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

	// The options below are of a new socket. With a File they have no effect:
	// what they say was decided by whoever made that.

	// Resolver looks up the host's addresses. nil is net.DefaultResolver. (It
	// also finds out whether a File listens at the host.)
	Resolver Resolver

	// Backlog is how many connections wait in the kernel until they are accepted.
	// 0 is as many as the system allows (net.core.somaxconn on Linux), which
	// bounds every other value as well; above 65535 it is that. A negative
	// Backlog panics. On Windows one that is not 0 is [errors.ErrUnsupported].
	Backlog int

	// ReusePort sets SO_REUSEPORT, so that several TCP sockets, of several
	// processes perhaps, listen at the same address. Linux spreads connections
	// over them; what else it means is up to the system. It has to be set for all
	// of them. For Unix sockets, and where there is no such option (Windows), it
	// is [errors.ErrUnsupported].
	ReusePort bool

	// Mode is the permissions of the path of a Unix socket: who may write to it
	// may connect, on most systems. They are set before anybody can connect, and
	// the umask does not matter. 0 leaves them to the umask. Bits other than the
	// nine of the permissions panic. For TCP and names in the abstract namespace,
	// which have no permissions, and on Windows it is [errors.ErrUnsupported].
	Mode os.FileMode

	// Control, if it is not nil, is called for each socket after it was made and
	// before it is bound, as Control of a net.ListenConfig: network is "tcp4",
	// "tcp6" or "unix". Its error is that of Listen.
	Control func(network, address string, c syscall.RawConn) error
}

// A Listener serves the connections of a TCP or Unix socket, or of several TCP
// sockets. Make one with [Listen]; listener.FromNet makes one of a net.Listener.
// All methods may be called at the same time.
//
// Close waits for the handlers that run. A handler that calls it passes its own
// ctx, lest Close should wait for itself; see [abc.Listener].
type Listener struct {
	engine *serve.Listener
	lns    []net.Listener // one at least

	mu     sync.Mutex // File has settled who removes a path before Close looks
	closed bool
}

var _ abc.StatsListener = (*Listener)(nil)

// Listen listens at address on network, which is "tcp", "tcp4", "tcp6" or
// "unix".
//
// For TCP the address is "host:port"; without a host it is every address of the
// machine, of both families where network is "tcp". A host that has several
// addresses gets a socket at each of them, all of one [Listener], which has the
// MaxConns for all. A family that this machine does not have is passed over;
// any other failure at one of them is Listen's. Port 0 is a port that is free,
// the same at all addresses: see [Listener.Addr].
//
// For Unix sockets the address is a path, or on Linux a name in the abstract
// namespace after an "@". What is at the path already stays there and is an
// error, with one exception: the socket of a process that was killed, which is
// nobody's any more, is replaced. (Not on Windows. And the socket of another
// machine, in a folder that both share, looks like nobody's.) To start the same
// server twice at the same time is safe: Listen locks the folder while it looks,
// see flock(2). Close removes the path, if it is still this socket's.
//
// ctx bounds the resolution of the host's name and the wait for the lock, which
// is a second at most, and has no effect on the listener afterwards. The error
// matches the cause: syscall.EADDRINUSE, net.UnknownNetworkError. Nothing is left
// open by a Listen that failed. opts may be nil; with a File in it, Listen uses
// that socket.
func Listen(ctx context.Context, network, address string, opts *ListenOptions) (*Listener, error) {
	if opts == nil {
		opts = &ListenOptions{}
	}
	cfg := opts.config()
	cfg.Check() // before there is something to leak
	opts.check()
	linger := opts.Linger
	if opts.File != nil {
		defer opts.File.Close()
	}
	if ctx.Err() != nil {
		return nil, opError("listen", 0, abc.ContextErr(ctx))
	}
	if err := checkNetwork(network, address); err != nil {
		return nil, opError("listen", 0, err)
	}
	lns, err := opts.listen(ctx, network, address)
	if err != nil {
		if ctx.Err() != nil {
			err = abc.ContextErr(ctx)
		}
		return nil, opError("listen", 0, err)
	}
	as := make([]serve.Acceptor, len(lns))
	for i, ln := range lns {
		as[i] = serve.FromNet(ln, func(c net.Conn) abc.Stream { return newLingering(c, linger) })
	}
	return &Listener{engine: serve.New(as[0], cfg, as[1:]...), lns: lns}, nil
}

func (o *ListenOptions) config() serve.Config {
	return serve.Config{
		Transport: "socketstream",
		MaxConns:  o.MaxConns, Logger: o.Logger, OnPanic: o.OnPanic,
		MinBackOff: o.MinBackOff, MaxBackOff: o.MaxBackOff,
	}
}

// Addr returns the address that the listener listens at, with the port that
// the system chose; of several, the first one. It does not change, and is there
// after Close too.
func (l *Listener) Addr() net.Addr { return l.lns[0].Addr() }

// Addrs returns all addresses that the listener listens at: more than one if it
// was asked for a host that has several.
func (l *Listener) Addrs() []net.Addr {
	addrs := make([]net.Addr, len(l.lns))
	for i, ln := range l.lns {
		addrs[i] = ln.Addr()
	}
	return addrs
}

// File returns a file of the listening socket, to be passed to another process
// that goes on listening: see [Inherited]. The two share one socket and one
// queue of connections, so none is refused as long as either is open. Start the
// other process, wait until it says that it serves, then drain this one by
// Close. The file is the caller's to close.
//
// From then on, Close leaves the path of a Unix socket where it is, unless
// [Listener.SetUnlinkOnClose] says otherwise. Whoever is the last to listen there
// removes it.
//
// It does not block. After Close it returns [abc.ErrClosed]. It is
// [errors.ErrUnsupported] on Windows, which can't pass sockets on, and for a
// listener with several: have one for each address, and join them by
// listener.Join.
func (l *Listener) File() (*os.File, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil, opError("file", 0, abc.ErrClosed)
	}
	if len(l.lns) > 1 {
		err := fmt.Errorf("%w: the listener has %d sockets", errors.ErrUnsupported, len(l.lns))
		return nil, opError("file", 0, err)
	}
	f, err := dupListener(l.lns[0])
	if err != nil {
		return nil, opError("file", 0, err)
	}
	l.setUnlinkOnClose(false)
	return f, nil
}

// SetUnlinkOnClose says whether Close removes the path of a Unix socket, as that
// of a [net.UnixListener] does. It does if the listener made the socket, and it
// does not if it was passed on, by [Listener.File] or by ListenOptions.File. It
// has no effect on other listeners, nor after Close.
func (l *Listener) SetUnlinkOnClose(unlink bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.closed {
		l.setUnlinkOnClose(unlink)
	}
}

func (l *Listener) setUnlinkOnClose(unlink bool) {
	switch ln := l.lns[0].(type) {
	case *pathListener:
		ln.keep = !unlink
	case *net.UnixListener:
		ln.SetUnlinkOnClose(unlink)
	}
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
