package tlsstream

import (
	"context"
	"sync"
)

// An opContext gives the operations of one half contexts that are done when
// their own is, or when the stream is closed: only a context can wake what is
// blocked in the transport while a graceful Close still needs the transport.
//
// It keeps the context that it made for as long as the operations come with the
// same one, so that a loop under one context allocates once.
type opContext struct {
	closed context.Context // done when Close begins

	mu     sync.Mutex
	parent <-chan struct{}
	ctx    context.Context
	cancel context.CancelFunc
}

func (o *opContext) of(ctx context.Context) context.Context {
	done := ctx.Done()
	if done == nil {
		return o.closed
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed.Err() != nil {
		return o.closed
	}
	if o.ctx == nil || o.parent != done {
		o.drop()
		o.parent = done
		o.ctx, o.cancel = context.WithCancel(ctx)
	}
	return o.ctx
}

// end is called after closed was cancelled.
func (o *opContext) end() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.drop()
}

func (o *opContext) drop() {
	if o.cancel != nil {
		o.cancel()
	}
	o.ctx, o.cancel, o.parent = nil, nil, nil
}
