package listener

import (
	"context"
	"log/slog"
	"time"

	"github.com/tributary-go/tributary/internal/serve"
)

// Options are the options of [New] and [FromNet]. A nil *Options is the same
// as a pointer to the zero value.
type Options struct {
	// MaxConns is how many connections are served at the same time. At the
	// limit, accepting pauses until a handler has returned, so that further
	// connections wait in the transport's queue (the kernel's backlog). 0 is no
	// limit; a negative MaxConns panics.
	MaxConns int

	// Logger is told, at level Error, when file descriptors or memory run out
	// and when accepting fails again and again: at once, and then at most once
	// a minute, with how many failures there were. It is also told of panics
	// that Serve can't pass on because it passes on another one. Nil is
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
	// closed; then Serve goes on. A panic of OnPanic itself is not isolated.
	//
	// Nil means that a panic ends Serve, which panics with it, as
	// [abc.Listener] says.
	OnPanic func(ctx context.Context, v any, stack []byte)
}

func (o *Options) config() serve.Config {
	cfg := serve.Config{Transport: transport}
	if o != nil {
		cfg.MaxConns, cfg.Logger, cfg.OnPanic = o.MaxConns, o.Logger, o.OnPanic
		cfg.MinBackOff, cfg.MaxBackOff = o.MinBackOff, o.MaxBackOff
	}
	return cfg
}
