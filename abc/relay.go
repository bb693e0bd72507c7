package abc

import (
	"context"
	"sync"

	"github.com/tributary-go/tributary/internal/endings"
)

// Relay carries bytes both ways between a and b until both directions have
// ended, and returns how many it carried each way. The end of one direction is
// passed on with SendEOF and the other one goes on, so that a reply to a
// half-closed request arrives.
//
// It returns the first error that ended a direction; the other is cancelled
// then. A stream on which SendEOF is unsupported cannot be told of the end, so
// its errors.ErrUnsupported ends the relay too, after every byte that came
// before was passed on; the alternative would be two peers that wait for each
// other for ever.
//
// It closes neither stream; after an error both are good for closing only. It
// occupies both halves of both streams.
func Relay(ctx context.Context, a, b Stream) (aToB, bToA int64, err error) {
	r := beginRelay(ctx, a, b)
	defer r.conclude()
	aToB = r.carry(b, a)
	r.back.Wait()
	return aToB, r.bToA, r.err
}

func beginRelay(ctx context.Context, a, b Stream) *relaying {
	r := &relaying{Context: ctx, done: make(chan struct{})}
	if ctx.Err() != nil {
		r.callerEnds()
	}
	r.leave = endings.AfterFunc(ctx, r.callerEnds)
	r.back.Go(func() { r.bToA = r.carry(a, b) })
	return r
}

func (r *relaying) conclude() {
	r.leave()
	r.end(context.Canceled)
}

// A relaying is a Relay in progress. It is also the context of both directions:
// one of package context that can be cancelled takes a map and much of a stack
// for the two streams that wait under it, and of relays there are many.
type relaying struct {
	context.Context               // the caller's
	ended           sync.Once     // guards ctxErr and done
	done            chan struct{} // closed when this context is done
	ctxErr          error         // why; written before that
	leave           func() bool   // what ends its following the caller's
	endings         endings.List

	back  sync.WaitGroup // of the other direction
	bToA  int64
	first sync.Once // the first error is the cause, what follows is its effect
	err   error
}

// carry carries one direction.
func (r *relaying) carry(dst, src Stream) int64 {
	n, err := Copy(r, dst, src)
	if err == nil {
		err = dst.SendEOF(r)
	}
	if err != nil {
		r.first.Do(func() { r.err = err })
		r.end(context.Canceled)
	}
	return n
}

func (r *relaying) callerEnds() { r.end(r.Context.Err()) }

func (r *relaying) end(err error) {
	r.ended.Do(func() {
		r.ctxErr = err
		close(r.done)
		r.endings.Happen()
	})
}

func (r *relaying) Done() <-chan struct{} { return r.done }

func (r *relaying) Err() error {
	select {
	case <-r.done:
		return r.ctxErr
	default:
		return nil
	}
}

// AfterFunc is what package context asks of a context that has a cheaper way,
// and what package endings prefers.
func (r *relaying) AfterFunc(f func()) (stop func() bool) { return r.endings.Add(f) }
