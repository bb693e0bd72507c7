package listener

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/tributary-go/tributary/abc"
)

// Joined serves several listeners as one. Make one with [Join]. All methods may
// be called at the same time.
type Joined struct {
	listeners []abc.Listener

	mu      sync.Mutex
	serving bool
	closed  chan struct{} // closed, under mu, by the first Close
}

var _ abc.StatsListener = (*Joined)(nil)

// Join makes one listener of ls, which it owns. They may be of different
// transports. One that joins no listener at all is served until its ctx is
// done or it is closed.
func Join(ls ...abc.Listener) *Joined {
	for i, l := range ls {
		if l == nil {
			panic(fmt.Sprintf("listener: Join of a nil listener, at index %d", i))
		}
	}
	return &Joined{listeners: append([]abc.Listener(nil), ls...), closed: make(chan struct{})}
}

// Serve implements [abc.Listener]: it serves all listeners with h at the same
// time.
//
// When one of them ends by itself, because accepting failed or because it was
// closed on its own, all are closed, so that nobody connects to a server that
// does not answer: the handlers' ctx is cancelled and they are awaited. The
// error is returned, joined with what else went wrong.
//
// When a handler of one panics the others' are cancelled and awaited, and Serve
// panics. The listeners stay open then.
func (j *Joined) Serve(ctx context.Context, h abc.Handler) error {
	if h == nil {
		panic("listener: Serve with a nil handler")
	}
	if err := j.begin(ctx); err != nil {
		return opError("serve", err)
	}
	defer j.end()
	s := &joinedServe{j: j, h: h, parent: ctx}
	return opError("serve", s.run())
}

func (j *Joined) begin(ctx context.Context) error {
	if ctx.Err() != nil {
		return abc.ContextErr(ctx)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.isClosed() {
		return abc.ErrClosed
	}
	if j.serving {
		return abc.ErrBusy
	}
	j.serving = true
	return nil
}

func (j *Joined) end() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.serving = false
}

func (j *Joined) isClosed() bool {
	select {
	case <-j.closed:
		return true
	default:
		return false
	}
}

// Close implements [abc.Listener]. It closes all listeners at the same time
// with this ctx, each also when another one fails, and joins the errors.
func (j *Joined) Close(ctx context.Context) error {
	return opError("close", j.close(ctx))
}

// close closes each listener also if another Close is at it: they know what to
// do then, and whose handler it is that calls.
func (j *Joined) close(ctx context.Context) error {
	j.mu.Lock()
	if !j.isClosed() {
		close(j.closed)
	}
	j.mu.Unlock()
	errs := make([]error, len(j.listeners))
	var wg sync.WaitGroup
	for i, l := range j.listeners {
		wg.Go(func() { errs[i] = l.Close(ctx) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

// Stats implements [abc.StatsListener]: it adds up those of all listeners that
// have some, see [abc.StatsOf].
func (j *Joined) Stats() (sum abc.ListenerStats) {
	for _, l := range j.listeners {
		if s, ok := abc.StatsOf(l); ok {
			sum.Accepted += s.Accepted
			sum.Active += s.Active
			sum.Rejected += s.Rejected
			sum.AcceptErrors += s.AcceptErrors
			sum.BackOffs += s.BackOffs
			sum.Panics += s.Panics
			sum.Drained += s.Drained
			sum.Forced += s.Forced
		}
	}
	return sum
}
