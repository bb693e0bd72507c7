package serve

import (
	"context"
	"errors"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/internal/endings"
)

var errNoStream = errors.New("the Acceptor returned neither a stream nor an error")

// A run is one call of Serve: its accept loop and its handlers.
type run struct {
	l *Listener
	h abc.Handler

	ctx           context.Context // of the handlers
	cancel        context.CancelCauseFunc
	endings       endings.List // of ctx
	leaveEndings  func() bool
	accepting     context.Context // of the loop; descends from ctx
	stopAccepting context.CancelFunc

	// Without a gate both are nil. A loop waits for begun after each start:
	// otherwise it would be ahead of handlers that are about to come to the gate.
	gate  *Gate
	begun chan struct{}

	// Guarded by l.mu:
	active   map[*conn]struct{}
	room     chan struct{}     // closed when there may be room; nil while nobody waits for that
	inLoop   bool              // acceptAll may still start handlers
	panicked *abc.HandlerPanic // the first one
	closers  int               // how many of active have called Close
	isCut    bool              // by a Close whose time was up: none is started any more

	idle  chan struct{} // closed when neither loop nor handlers are left
	quiet chan struct{} // closed when no loop and no handler is left that has not called Close
	cutUp chan struct{} // closed when the streams were closed forcefully
}

func newRun(ctx context.Context, l *Listener, h abc.Handler) *run {
	r := &run{
		l: l, h: h, gate: gateOf(ctx), active: map[*conn]struct{}{}, inLoop: true,
		idle: make(chan struct{}), quiet: make(chan struct{}), cutUp: make(chan struct{}),
	}
	if r.gate != nil {
		r.begun = make(chan struct{}, 1)
	}
	r.ctx, r.cancel = context.WithCancelCause(ctx)
	r.leaveEndings = context.AfterFunc(r.ctx, r.endings.Happen)
	r.accepting, r.stopAccepting = context.WithCancel(r.ctx)
	return r
}

// acceptAll accepts connections and starts their handlers, until r.accepting
// is done or an acceptor fails for good, which stops the others. It returns the
// first failure.
func (r *run) acceptAll() error {
	sources := r.l.sources
	if len(sources) == 1 {
		return r.acceptFrom(sources[0])
	}
	ended := make(chan error, len(sources))
	for _, s := range sources {
		go func() { ended <- r.acceptFrom(s) }()
	}
	first := <-ended
	r.stopAccepting()
	for range sources[1:] {
		<-ended
	}
	return first
}

func (r *run) acceptFrom(from *source) error {
	for {
		// There is room before the accept, so that connections above the limit
		// wait in the transport's own queue and not in this process.
		if err := r.waitForRoom(); err != nil {
			return err
		}
		s, err := from.Accept(r.accepting)
		if err == nil && s == nil {
			err = errNoStream
		}
		if err == nil {
			from.failures.end()
			r.start(s)
			continue
		}
		if r.accepting.Err() != nil || !r.survive(from, err) {
			return err
		}
	}
}

// waitForRoom blocks while there are as many connections as there may be. It
// returns an error once the loop has to end.
func (r *run) waitForRoom() error {
	for r.accepting.Err() == nil {
		full := r.full()
		if full == nil {
			break
		}
		select {
		case <-full:
		case <-r.accepting.Done():
		}
	}
	return r.accepting.Err()
}

// full returns nil if there is room, else what to wait for before it is worth
// to look again.
func (r *run) full() <-chan struct{} {
	r.l.mu.Lock()
	full := r.fullLocked()
	r.l.mu.Unlock()
	if full == nil && r.gate != nil {
		return r.gate.full()
	}
	return full
}

// fullLocked is full for MaxConns alone. The caller holds l.mu.
func (r *run) fullLocked() <-chan struct{} {
	if limit := r.l.cfg.MaxConns; limit == 0 || len(r.active) < limit {
		return nil
	}
	if r.room == nil {
		r.room = make(chan struct{})
	}
	return r.room
}

// end waits until every handler has returned, which the end of their context
// for a cause makes them do soon, and then panics if one of them did.
func (r *run) end(cause error) {
	if cause != nil {
		r.cancel(cause)
	}
	r.l.mu.Lock()
	r.inLoop = false
	r.check()
	r.l.mu.Unlock()
	<-r.idle
	r.leaveEndings() // a goroutine of it may outlive Serve
	r.cancel(nil)
	r.endings.Happen() // again, perhaps: somebody may have kept a handler's context
	r.l.mu.Lock()
	r.l.current = nil
	r.l.mu.Unlock()
	if r.panicked != nil {
		panic(r.panicked)
	}
}

// check tells those who wait for handlers, after there may be fewer to wait
// for. The caller holds l.mu.
func (r *run) check() {
	if r.inLoop {
		return
	}
	if len(r.active) == 0 {
		closeOnce(r.idle)
	}
	if len(r.active) == r.closers {
		closeOnce(r.quiet)
	}
}

func closeOnce(ch chan struct{}) {
	select {
	case <-ch:
	default:
		close(ch)
	}
}
