package proxyproto

import (
	"context"
	"io"
	"log/slog"
	"net"
	"time"

	"github.com/tributary-go/tributary/abc"
)

// Options configure [NewListener]. Nil is the zero Options.
type Options struct {
	// HeaderTimeout is how long a connection has to send its header. 0 is 10 s.
	HeaderTimeout time.Duration

	// OnError is called, in the connection's goroutine, when no header came, and
	// before s is closed. err matches [ErrHeader], or is that of s, or of the
	// time limit. Nil logs a warning to slog.Default().
	OnError func(ctx context.Context, s abc.Stream, err error)
}

// A Listener serves connections that begin with a header. Make one with
// [NewListener].
type Listener struct {
	below abc.Listener
	opts  Options
}

var (
	_ abc.Listener  = (*Listener)(nil)
	_ abc.Unwrapper = (*Listener)(nil)
)

// NewListener returns a listener that takes the header off the connections of l,
// which it owns. opts may be nil.
func NewListener(l abc.Listener, opts *Options) *Listener {
	var o Options
	if opts != nil {
		o = *opts
	}
	if o.HeaderTimeout == 0 {
		o.HeaderTimeout = 10 * time.Second
	}
	if o.OnError == nil {
		o.OnError = func(ctx context.Context, s abc.Stream, err error) {
			slog.WarnContext(ctx, "proxyproto: no header", slog.Any("error", err))
		}
	}
	return &Listener{l, o}
}

// Serve implements [abc.Listener]. h gets a *[Stream], or, where the header told
// no addresses, the stream below.
func (l *Listener) Serve(ctx context.Context, h abc.Handler) error {
	return l.below.Serve(ctx, func(ctx context.Context, below abc.Stream) {
		headerCtx, cancel := context.WithTimeout(ctx, l.opts.HeaderTimeout)
		source, destination, err := receive(headerCtx, below)
		cancel()
		switch {
		case err == nil && source == nil:
			h(ctx, below)
		case err == nil:
			h(ctx, &Stream{below, source, destination})
		case ctx.Err() != nil:
		case err == io.EOF:
			l.opts.OnError(ctx, below, malformed("the connection ended before it did"))
		default:
			l.opts.OnError(ctx, below, err)
		}
	})
}

// Close implements [abc.Listener]. A connection whose header has not come counts
// as a running handler.
func (l *Listener) Close(ctx context.Context) error { return l.below.Close(ctx) }

// Unwrap implements [abc.Unwrapper].
func (l *Listener) Unwrap() abc.AsyncResource { return l.below }

// A Stream is a connection with the addresses that its header told.
type Stream struct {
	abc.Stream
	source, destination net.Addr
}

var (
	_ abc.Addressed   = (*Stream)(nil)
	_ abc.Transparent = (*Stream)(nil)
)

// RemoteAddr returns the address of the client.
func (s *Stream) RemoteAddr() net.Addr { return s.source }

// LocalAddr returns the address that the client connected to.
func (s *Stream) LocalAddr() net.Addr { return s.destination }

// Unwrap implements [abc.Unwrapper].
func (s *Stream) Unwrap() abc.AsyncResource { return s.Stream }

// Transparent implements [abc.Transparent].
func (s *Stream) Transparent() {}
