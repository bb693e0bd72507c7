package listener

import (
	"context"
	"log/slog"

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

	// Logger is told of errors of accepting that Serve survives: when file
	// descriptors or memory ran out. Nil is slog.Default(), as it is then.
	Logger *slog.Logger

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
	}
	return cfg
}
