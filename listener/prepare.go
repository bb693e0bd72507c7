package listener

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/closeutil"
)

// PrepareOptions are the options of [Prepare]. A nil *PrepareOptions is the same
// as a pointer to the zero value.
type PrepareOptions struct {
	// Timeout is how long a connection may take to be prepared. 0 is 10 s; a
	// negative one is no limit.
	Timeout time.Duration

	// OnError is called when a connection could not be prepared, in its
	// goroutine, with the ctx that the handler would have got, and before s, the
	// stream below, is closed. It is not called where ctx has ended: the
	// shutdown is nobody's fault.
	//
	// err is what prepare returned, but for two cases. When the time was up it
	// says so, names the limit, and matches [context.DeadlineExceeded]. An
	// io.EOF becomes [abc.ErrBroken]: nobody was to end there.
	//
	// Nil logs a warning to slog.Default(), with the remote address if there is
	// one.
	OnError func(ctx context.Context, s abc.Stream, err error)
}

const defaultPrepareTimeout = 10 * time.Second

// Prepared serves the connections of another listener after a handshake. Make
// one with [Prepare].
type Prepared struct {
	below   abc.Listener
	prepare func(ctx context.Context, s abc.Stream) (abc.Stream, error)
	timeout time.Duration // no limit if it is not positive
	late    error         // says that it has passed
	onError func(ctx context.Context, s abc.Stream, err error)
}

var (
	_ abc.Listener  = (*Prepared)(nil)
	_ abc.Unwrapper = (*Prepared)(nil)
)

// Prepare makes a listener whose handlers get what prepare makes of each
// connection of l, which it owns: a handshake, a login, a header in front (for TLS
// there is tlsstream.NewListener). It panics if l or prepare is nil. opts may be
// nil.
//
// prepare runs in the goroutine of its connection and may block, so one that
// takes long holds up nobody; it may run for any number of connections at the
// same time. Its ctx descends from that of the handler and ends with the
// time limit, and when prepare has returned. Where prepare fails, the handler is
// not called, PrepareOptions.OnError is, and serving goes on. If it panics, that
// is the panic of a handler.
//
// The stream that it returns may be s itself, or one on top of s. That is closed
// forcefully when the handler has returned or panicked, as s is by l then. What it
// returns beside an error is not looked at, so prepare has to release what it
// made, if that is more than memory; s is closed by l, after OnError.
func Prepare(l abc.Listener, prepare func(ctx context.Context, s abc.Stream) (abc.Stream, error), opts *PrepareOptions) *Prepared {
	if l == nil {
		panic("listener: Prepare of a nil listener")
	}
	if prepare == nil {
		panic("listener: Prepare with a nil function")
	}
	p := &Prepared{below: l, prepare: prepare, timeout: defaultPrepareTimeout, onError: logUnprepared}
	if opts != nil && opts.Timeout != 0 {
		p.timeout = opts.Timeout
	}
	if opts != nil && opts.OnError != nil {
		p.onError = opts.OnError
	}
	p.late = fmt.Errorf("not prepared within %v: %w", p.timeout, context.DeadlineExceeded)
	return p
}

// Serve implements [abc.Listener]: it serves the listener below, whose errors it
// returns. h gets what prepare returned. It panics if h is nil.
func (p *Prepared) Serve(ctx context.Context, h abc.Handler) error {
	if h == nil {
		panic("listener: Serve with a nil handler")
	}
	return p.below.Serve(ctx, func(ctx context.Context, s abc.Stream) {
		prepared, err := p.try(ctx, s)
		if err == nil {
			defer closeutil.CloseForcefully(prepared)
			h(ctx, prepared)
		} else if ctx.Err() == nil {
			p.onError(ctx, s, err)
		}
	})
}

var errNothingPrepared = errors.New("prepare returned neither a stream nor an error")

func (p *Prepared) try(ctx context.Context, s abc.Stream) (abc.Stream, error) {
	var cancel context.CancelFunc
	if p.timeout > 0 {
		ctx, cancel = context.WithTimeoutCause(ctx, p.timeout, p.late)
	} else {
		ctx, cancel = context.WithCancel(ctx)
	}
	defer cancel()
	prepared, err := p.prepare(ctx, s)
	switch {
	case err == nil && prepared == nil:
		err = errNothingPrepared
	case err == nil:
	case context.Cause(ctx) == p.late && !errors.Is(err, p.late):
		err = fmt.Errorf("%w: %w", p.late, err)
	case err == io.EOF:
		err = abc.Broken(err)
	}
	return prepared, err
}

// Close implements [abc.Listener]: it closes the listener below. A connection
// that is being prepared counts as a running handler.
func (p *Prepared) Close(ctx context.Context) error { return p.below.Close(ctx) }

// Unwrap implements [abc.Unwrapper]: it returns the listener below.
func (p *Prepared) Unwrap() abc.AsyncResource { return p.below }

func logUnprepared(ctx context.Context, s abc.Stream, err error) {
	attrs := []slog.Attr{slog.Any("error", err)}
	if a, ok := abc.As[abc.Addressed](s); ok {
		attrs = append(attrs, slog.String("remote", a.RemoteAddr().String()))
	}
	slog.LogAttrs(ctx, slog.LevelWarn, "listener: a connection was not prepared", attrs...)
}
