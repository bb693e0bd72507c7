package serve

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/internal/closing"
)

// An Acceptor is what a [Listener] accepts from. Its public twin,
// listener.Acceptor, says what it has to do.
type Acceptor interface {
	abc.AsyncResource
	Accept(ctx context.Context) (abc.Stream, error)
}

// Config is what the constructors of listeners pass on from their options.
type Config struct {
	Transport  string       // for the errors and the log
	MaxConns   int          // 0 is no limit
	Logger     *slog.Logger // nil is slog.Default() at the time of logging
	OnPanic    func(ctx context.Context, v any, stack []byte)
	MinBackOff time.Duration // 0 is 5 ms, or MaxBackOff if that is less
	MaxBackOff time.Duration // 0 is 1 s, or MinBackOff if that is more
}

// Check panics if cfg makes no sense. [New] calls it.
func (cfg Config) Check() {
	if cfg.MaxConns < 0 {
		panic(fmt.Sprintf("%s: MaxConns is %d; it must not be negative", cfg.Transport, cfg.MaxConns))
	}
	if cfg.MinBackOff < 0 || cfg.MaxBackOff < 0 {
		panic(fmt.Sprintf("%s: MinBackOff is %v and MaxBackOff %v; they must not be negative", cfg.Transport, cfg.MinBackOff, cfg.MaxBackOff))
	}
	if cfg.MaxBackOff > 0 && cfg.MinBackOff > cfg.MaxBackOff {
		panic(fmt.Sprintf("%s: MinBackOff is %v, which is more than MaxBackOff, %v", cfg.Transport, cfg.MinBackOff, cfg.MaxBackOff))
	}
}

// Listener implements [abc.Listener] over one [Acceptor] or several. Make one
// with [New]. All methods may be called at the same time.
type Listener struct {
	sources []*source
	cfg     Config
	closing closing.Once // of the acceptors

	mu      sync.Mutex
	closed  bool // by Close; accepting has ended or is about to
	current *run // the Serve in progress, nil if there is none
	stats   abc.ListenerStats
}

var _ abc.StatsListener = (*Listener)(nil)

// A source is an acceptor and what its accept loop remembers.
type source struct {
	Acceptor
	failures failures
}

// New makes a listener that owns a and more. Each of them has an accept loop of
// its own; everything else they share. Where there is more than one, no Accept
// may panic.
func New(a Acceptor, cfg Config, more ...Acceptor) *Listener {
	cfg.Check()
	l := &Listener{cfg: cfg}
	for _, a := range append([]Acceptor{a}, more...) {
		l.sources = append(l.sources, &source{a, newFailures(cfg)})
	}
	return l
}

// Stats implements [abc.StatsListener].
func (l *Listener) Stats() abc.ListenerStats {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.stats
}

// Serve implements [abc.Listener].
func (l *Listener) Serve(ctx context.Context, h abc.Handler) (err error) {
	if h == nil {
		panic(l.cfg.Transport + ": Serve with a nil handler")
	}
	r, err := l.begin(ctx, h)
	if err != nil {
		return l.opError("serve", err)
	}
	// Deferred, so that nothing leaks if Accept panics or ends the goroutine.
	cause := errAcceptPanicked
	defer func() { r.end(cause) }()
	err = r.acceptAll()
	switch {
	case l.isClosed():
		err, cause = abc.ErrClosed, nil // the handlers may finish
	case ctx.Err() != nil:
		err, cause = abc.ContextErr(ctx), nil // theirs is done as well
	default:
		cause = &Failure{err}
	}
	return l.opError("serve", err)
}

// begin checks whether Serve may run, and makes it the current one.
func (l *Listener) begin(ctx context.Context, h abc.Handler) (*run, error) {
	if ctx.Err() != nil {
		return nil, abc.ContextErr(ctx)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil, abc.ErrClosed
	}
	if l.current != nil {
		return nil, abc.ErrBusy
	}
	l.current = newRun(ctx, l, h)
	return l.current, nil
}

func (l *Listener) isClosed() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.closed
}

// Close implements [abc.Listener].
func (l *Listener) Close(ctx context.Context) error {
	r := l.stop(ctx)
	err := l.closing.Do(ctx, l.closeAcceptors)
	if r != nil {
		// Each Close waits for itself, because not all wait for the same.
		if cut := r.drain(ctx); cut != nil {
			err = errors.Join(cut, closing.WithoutContext(ctx, err))
		}
	}
	return l.opError("close", err)
}

// stop ends accepting and returns the Serve in progress, nil if there is none.
func (l *Listener) stop(ctx context.Context) *run {
	caller := handlerOf(ctx, l)
	l.mu.Lock()
	l.closed = true
	r := l.current
	if r != nil {
		r.noteClose(caller)
	}
	l.mu.Unlock()
	if r != nil {
		r.stopAccepting()
	}
	return r
}

// closeAcceptors closes all, one after the other: what waits for peers is not an
// acceptor's Close. Each is closed also when another one fails.
func (l *Listener) closeAcceptors(ctx context.Context) error {
	errs := make([]error, len(l.sources))
	for i, s := range l.sources {
		if ctx.Err() != nil {
			// Whether the close was graceful is decided by the handlers.
			errs[i] = closeutil.CloseForcefully(s.Acceptor)
		} else {
			errs[i] = s.Close(ctx)
		}
	}
	if len(errs) == 1 {
		return errs[0]
	}
	return errors.Join(errs...)
}

func (l *Listener) opError(op string, err error) error {
	if err == nil {
		return nil
	}
	return &abc.OpError{Op: op, Transport: l.cfg.Transport, Err: err}
}
