package serve

import (
	"context"
	"errors"
	"log/slog"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/closeutil"
)

var errNoStream = errors.New("the Acceptor returned neither a stream nor an error")

// A run is one call of Serve: its accept loop and its handlers.
type run struct {
	l *Listener
	h abc.Handler

	ctx           context.Context // of the handlers
	cancel        context.CancelCauseFunc
	accepting     context.Context // of the loop; descends from ctx
	stopAccepting context.CancelFunc

	slots chan struct{} // one in it for each connection; nil if there is no limit

	// Guarded by l.mu:
	active   map[*conn]struct{}
	inLoop   bool              // acceptAll may still start handlers
	panicked *abc.HandlerPanic // the first one

	idle chan struct{} // closed when neither loop nor handlers are left
}

func newRun(ctx context.Context, l *Listener, h abc.Handler) *run {
	r := &run{l: l, h: h, active: map[*conn]struct{}{}, inLoop: true, idle: make(chan struct{})}
	r.ctx, r.cancel = context.WithCancelCause(ctx)
	r.accepting, r.stopAccepting = context.WithCancel(r.ctx)
	if l.cfg.MaxConns > 0 {
		r.slots = make(chan struct{}, l.cfg.MaxConns)
	}
	return r
}

// acceptAll accepts connections and starts their handlers, until r.accepting
// is done or accepting fails for good.
func (r *run) acceptAll() error {
	var wait backOff
	for {
		// The slot comes first, so that connections above the limit wait in the
		// transport's own queue and not in this process.
		if err := r.takeSlot(); err != nil {
			return err
		}
		s, err := r.l.acceptor.Accept(r.accepting)
		if err == nil && s == nil {
			err = errNoStream
		}
		if err == nil {
			wait.reset()
			r.start(s)
			continue
		}
		r.freeSlot()
		switch {
		case r.accepting.Err() != nil:
			return err
		case isAny(err, exhaustion):
			delay := wait.next()
			r.l.logger().LogAttrs(r.accepting, slog.LevelError, "accepting a connection failed, will try again",
				slog.String("transport", r.l.cfg.Transport), slog.Any("error", err), slog.Duration("delay", delay))
			sleep(r.accepting, delay)
		case isAny(err, perConnection):
		default:
			return err
		}
	}
}

func (l *Listener) logger() *slog.Logger {
	if l.cfg.Logger != nil {
		return l.cfg.Logger
	}
	return slog.Default()
}

// takeSlot blocks while there are as many connections as there may be. It
// returns an error once the loop has to end.
func (r *run) takeSlot() error {
	if r.accepting.Err() != nil || r.slots == nil {
		return r.accepting.Err()
	}
	select {
	case r.slots <- struct{}{}:
		return nil
	case <-r.accepting.Done():
		return r.accepting.Err()
	}
}

func (r *run) freeSlot() {
	if r.slots != nil {
		<-r.slots
	}
}

// end waits until every handler has returned, which the end of their context
// for a cause makes them do soon, and then panics if one of them did.
func (r *run) end(cause error) {
	r.stopAccepting()
	if cause != nil {
		r.cancel(cause)
	}
	r.l.mu.Lock()
	r.inLoop = false
	r.leave()
	r.l.mu.Unlock()
	<-r.idle
	r.cancel(nil)
	r.l.mu.Lock()
	r.l.current = nil
	r.l.mu.Unlock()
	if r.panicked != nil {
		panic(r.panicked)
	}
}

// leave closes idle if the caller, who holds l.mu, was the last one.
func (r *run) leave() {
	if !r.inLoop && len(r.active) == 0 {
		close(r.idle)
	}
}

// drain waits for the handlers. When ctx is done first, it ends their context
// and closes their streams instead, and returns the error of ctx.
func (r *run) drain(ctx context.Context) error {
	select {
	case <-r.idle:
		return nil
	default:
	}
	select {
	case <-r.idle:
		return nil
	case <-ctx.Done():
	}
	// Who is there is counted before the handlers learn of it: those that
	// return as soon as their context ends were cut off too.
	r.l.mu.Lock()
	streams := make([]abc.Stream, 0, len(r.active))
	for c := range r.active {
		streams = append(streams, c.stream)
	}
	r.l.mu.Unlock()
	r.cancel(errForced)
	if len(streams) == 0 {
		return nil
	}
	for _, s := range streams {
		_ = closeutil.CloseForcefully(s)
	}
	return abc.ContextErr(ctx)
}
