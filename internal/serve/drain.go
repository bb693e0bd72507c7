package serve

import (
	"context"
	"fmt"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/closeutil"
)

var errCut = fmt.Errorf("the handlers were cut short by a forceful Close: %w", abc.ErrClosed)

// noteClose notes that Close was called, by the handler of c if c is not nil.
// The caller holds l.mu.
func (r *run) noteClose(c *conn) {
	if _, ok := r.active[c]; ok && !c.closes {
		c.closes = true
		r.closers++
	}
	r.check()
}

// drain waits for the handlers. When ctx is done first, it cuts them off
// instead, and returns the error of ctx.
//
// A handler that waits for itself, or two for each other, would do so for ever.
// So whoever calls from inside a handler, which ctx tells, waits only for those
// that have not called Close themselves. Everybody else waits for all.
func (r *run) drain(ctx context.Context) error {
	drained := r.idle
	if handlerOf(ctx, nil) != nil {
		drained = r.quiet
	}
	select {
	case <-drained:
		return nil
	case <-r.cutUp: // before this Close came
		return nil
	default:
	}
	select {
	case <-drained:
		return nil
	case <-r.cutUp:
		return errCut
	case <-ctx.Done():
		if r.cut() {
			return abc.ContextErr(ctx)
		}
		return nil
	}
}

// cut ends the handlers' context, closes their streams, and reports whether
// there were any. Two may call it at the same time: each returns after the
// streams were closed.
func (r *run) cut() bool {
	// Who is there is counted before the handlers learn of it: those that
	// return as soon as their context ends were cut off too.
	r.l.mu.Lock()
	streams := make([]abc.Stream, 0, len(r.active))
	for c := range r.active {
		streams = append(streams, c.stream)
	}
	if !r.isCut {
		r.isCut = true
		r.l.stats.Forced += int64(len(streams))
	}
	r.l.mu.Unlock()
	r.cancel(errForced)
	for _, s := range streams {
		_ = closeutil.CloseForcefully(s)
	}
	r.l.mu.Lock()
	closeOnce(r.cutUp)
	r.l.mu.Unlock()
	return len(streams) > 0
}
