package memstream

import (
	"context"
	"io"
	"math"
	"sync"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/internal/closing"
)

// Pump moves n bytes, or what there is of them, from what s has sent to what r
// is going to receive, and returns how many it moved. A negative n moves
// everything. It does not block.
//
// It moves ends as well. If n is more than there was, and s is closed, r gets
// its EOF. If r takes nothing any more, because it was closed or had an EOF put
// into it, s is broken from the next send on. Several calls may run at the same
// time; bytes stay in order.
func Pump(s *ManualSender, r *ManualReceiver, n int) int {
	r.pumping.Lock() // nothing blocks in here
	defer r.pumping.Unlock()
	if r.pipe.takesNothing() {
		s.pipe.mu.Lock()
		defer s.pipe.mu.Unlock()
		s.pipe.closeReceive()
		return 0
	}
	if n < 0 {
		n = math.MaxInt
	}
	data, err := s.pipe.tryGet(n)
	_ = r.PutData(data) // if r is closed by now, the bytes came just before that
	if err == io.EOF && n > len(data) {
		r.PutEOF()
	}
	return len(data)
}

// tryGet takes n bytes, or what there is of them. The error is io.EOF if nothing
// more will be sent.
func (c *pipe) tryGet(n int) (data []byte, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.rclosed:
		return nil, abc.ErrClosed
	case c.receiving || len(c.rwake) > 0:
		return nil, abc.ErrBusy
	}
	data = make([]byte, min(n, c.ring.n))
	for k := 0; k < len(data); { // a take has its limit
		n, _ := c.take(data[k:])
		k += n
	}
	if c.sclosed {
		err = io.EOF
	}
	return data, err
}

// takesNothing reports whether what is sent is for nobody.
func (c *pipe) takesNothing() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.rclosed || c.ended
}

// A manualEnd is what a ManualSender and a ManualReceiver have in common: one
// operation at a time, which may be in a hook, and a Close that ends it there.
type manualEnd struct {
	guard   abc.Guard
	closing closing.Once

	mu     sync.Mutex
	cancel context.CancelFunc // of the hook that runs
}

// hook runs f, if there is one, with a context that the end's Close cancels.
func (e *manualEnd) hook(ctx context.Context, f func(context.Context) error) error {
	if f == nil {
		return nil
	}
	hookCtx, cancel := context.WithCancel(ctx)
	defer cancel()
	e.mu.Lock()
	e.cancel = cancel
	if e.guard.Closed() { // perhaps before it could see cancel
		cancel()
	}
	e.mu.Unlock()
	err := f(hookCtx)
	e.mu.Lock()
	e.cancel = nil
	e.mu.Unlock()

	switch {
	case err == nil || closing.WithoutContext(hookCtx, err) != nil:
		return err
	case ctx.Err() != nil:
		return abc.ContextErr(ctx)
	}
	return abc.ErrClosed
}

// shut lets no operation in any more, and ends the hook of the one that is.
func (e *manualEnd) shut() {
	e.guard.Close()
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.cancel != nil {
		e.cancel()
	}
}

// close ends with f, once.
func (e *manualEnd) close(ctx context.Context, f func(context.Context) error) error {
	return e.closing.Do(ctx, func(ctx context.Context) error {
		if f == nil {
			return nil
		}
		return f(ctx)
	})
}
