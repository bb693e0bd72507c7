package connectstream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/bufstream"
	"github.com/tributary-go/tributary/closeutil"
)

// Options configure [NewListener]. Nil is the zero Options.
type Options struct {
	// Admit decides, in the connection's goroutine, whether there is a tunnel.
	// A *[StatusError] refuses with that status, any other error with 502. Nil
	// admits everybody to everywhere.
	Admit func(ctx context.Context, r *http.Request) error

	// RequestTimeout is how long a client has to send its request. 0 is 10 s.
	RequestTimeout time.Duration

	// OnError is called, in the connection's goroutine, when there is no tunnel.
	// Nil logs a warning to slog.Default().
	OnError func(ctx context.Context, s abc.Stream, err error)
}

// A Listener serves the tunnels that clients ask for by CONNECT. Make one with
// [NewListener].
type Listener struct {
	below abc.Listener
	opts  Options
}

var (
	_ abc.Listener  = (*Listener)(nil)
	_ abc.Unwrapper = (*Listener)(nil)
)

// NewListener returns a listener of the tunnels over the connections of l, which
// it owns. opts may be nil.
func NewListener(l abc.Listener, opts *Options) *Listener {
	var o Options
	if opts != nil {
		o = *opts
	}
	if o.Admit == nil {
		o.Admit = func(context.Context, *http.Request) error { return nil }
	}
	if o.RequestTimeout == 0 {
		o.RequestTimeout = 10 * time.Second
	}
	if o.OnError == nil {
		o.OnError = func(ctx context.Context, s abc.Stream, err error) {
			slog.WarnContext(ctx, "connectstream: no tunnel", slog.Any("error", err))
		}
	}
	return &Listener{l, o}
}

// Serve implements [abc.Listener]. h gets a *[Tunnel].
func (l *Listener) Serve(ctx context.Context, h abc.Handler) error {
	return l.below.Serve(ctx, func(ctx context.Context, below abc.Stream) {
		tunnel, err := l.open(ctx, below)
		switch {
		case err == nil:
			h(ctx, tunnel)
		case ctx.Err() == nil:
			l.opts.OnError(ctx, below, err)
		}
	})
}

func (l *Listener) open(ctx context.Context, below abc.Stream) (*Tunnel, error) {
	limited, cancel := context.WithTimeout(ctx, l.opts.RequestTimeout)
	defer cancel()
	r := bufstream.NewReceiver(below, &bufstream.Options{Limit: maxHead})
	head, err := receiveHead(limited, r)
	if err != nil {
		return nil, opError("accept", err)
	}
	request, err := http.ReadRequest(head)
	switch {
	case err != nil:
		err = errors.Join(&StatusError{http.StatusBadRequest}, err)
	case request.Method != http.MethodConnect:
		err = &StatusError{http.StatusMethodNotAllowed}
	default:
		err = l.opts.Admit(ctx, request)
	}
	s := behind(r, below)
	if err != nil {
		refuse(limited, s, err)
		return nil, opError("accept", err)
	}
	if err := s.SendAll(ctx, []byte("HTTP/1.1 200 Connected\r\n\r\n")); err != nil {
		return nil, err
	}
	return &Tunnel{s, request}, nil
}

// refuse tells the client, and waits until it has read that.
func refuse(ctx context.Context, s abc.Stream, err error) {
	status := &StatusError{http.StatusBadGateway}
	errors.As(err, &status)
	answer := fmt.Appendf(nil, "HTTP/1.1 %d %s\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
		status.Code, http.StatusText(status.Code))
	if s.SendAll(ctx, answer) == nil {
		_ = closeutil.Linger(ctx, s)
	}
}

// Close implements [abc.Listener]. A request that has not come counts as a
// running handler.
func (l *Listener) Close(ctx context.Context) error { return l.below.Close(ctx) }

// Unwrap implements [abc.Unwrapper].
func (l *Listener) Unwrap() abc.AsyncResource { return l.below }

// A Tunnel is a stream that a client asked for.
type Tunnel struct {
	abc.Stream
	Request *http.Request // its Host is the target
}

var _ abc.Transparent = (*Tunnel)(nil)

// Unwrap implements [abc.Unwrapper].
func (t *Tunnel) Unwrap() abc.AsyncResource { return t.Stream }

// Transparent implements [abc.Transparent].
func (t *Tunnel) Transparent() {}
