package listener

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/internal/closing"
)

// Joined serves several listeners as one. Make one with [Join]. All methods may
// be called at the same time.
type Joined struct {
	listeners []abc.Listener
	closing   closing.Once

	mu      sync.Mutex
	serving bool
	closed  chan struct{} // closed, under mu, by the first Close
}

var _ abc.Listener = (*Joined)(nil)

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
// closed on its own, the others' Serve is cancelled and awaited, and the
// error is returned, joined with what else went wrong. So it is when a handler
// of one panics; then Serve panics. The listeners stay open until Close.
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
	return opError("close", j.closing.Do(ctx, func(ctx context.Context) error {
		j.mu.Lock()
		close(j.closed)
		j.mu.Unlock()
		errs := make([]error, len(j.listeners))
		var wg sync.WaitGroup
		for i, l := range j.listeners {
			wg.Go(func() { errs[i] = l.Close(ctx) })
		}
		wg.Wait()
		return errors.Join(errs...)
	}))
}
