package tlsstream

import (
	"context"
	"crypto/tls"
	"log/slog"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/closeutil"
)

// A Listener serves TLS over the connections of another listener. Make one with
// [NewListener].
type Listener struct {
	transport abc.Listener
	cfg       *tls.Config
	opts      Options
}

var (
	_ abc.Listener  = (*Listener)(nil)
	_ abc.Unwrapper = (*Listener)(nil)
)

// NewListener returns a listener that serves TLS over the connections of l,
// which it owns from then on. cfg is cloned and never changed; it needs a
// certificate. A nil opts is the zero Options, with 10 s for the handshake.
func NewListener(l abc.Listener, cfg *tls.Config, opts *Options) *Listener {
	if l == nil {
		panic("tlsstream: NewListener over a nil listener")
	}
	if cfg == nil {
		panic("tlsstream: NewListener with a nil tls.Config")
	}
	opts.refusePrebuffered("NewListener")
	o := opts.orDefault()
	if o.HandshakeTimeout == 0 {
		o.HandshakeTimeout = listenerHandshakeTimeout
	}
	if o.OnHandshakeError == nil {
		o.OnHandshakeError = logHandshakeError
	}
	return &Listener{transport: l, cfg: serverConfig(cfg), opts: o}
}

// Unwrap implements [abc.Unwrapper]: it returns the listener below.
func (l *Listener) Unwrap() abc.AsyncResource { return l.transport }

// Serve implements [abc.Listener]. h gets a *[Stream] whose handshake is
// complete. The handshake runs in the connection's own goroutine and holds
// nobody up; where it fails or takes too long, h is not called,
// Options.OnHandshakeError is, and serving goes on.
func (l *Listener) Serve(ctx context.Context, h abc.Handler) error {
	if h == nil {
		panic("tlsstream: Serve with a nil handler")
	}
	return l.transport.Serve(ctx, func(ctx context.Context, transport abc.Stream) {
		s := l.newStream(transport)
		defer closeutil.CloseForcefully(s)
		if l.shake(ctx, s) {
			h(ctx, s)
		}
	})
}

//go:noinline // lest the frame below a handler be as large as the options
func (l *Listener) newStream(transport abc.Stream) *Stream {
	return newStream(transport, l.cfg, l.opts, tls.Server)
}

// shake reports whether the handshake went well, and to the options if not.
func (l *Listener) shake(ctx context.Context, s *Stream) bool {
	err := s.Handshake(ctx)
	if err != nil && ctx.Err() == nil {
		l.opts.OnHandshakeError(ctx, s.transport, err)
	}
	return err == nil
}

// Close implements [abc.Listener]: it closes the listener below. A handshake
// counts as a running handler.
func (l *Listener) Close(ctx context.Context) error { return l.transport.Close(ctx) }

func logHandshakeError(ctx context.Context, transport abc.Stream, err error) {
	attrs := []slog.Attr{slog.Any("error", err)}
	if a, ok := abc.As[abc.Addressed](transport); ok {
		attrs = append(attrs, slog.String("remote", a.RemoteAddr().String()))
	}
	slog.LogAttrs(ctx, slog.LevelWarn, "tlsstream: handshake failed", attrs...)
}
