package bufstream

import "context"

// A keptContext makes contexts that end with that of an operation, or earlier.
// It keeps the last one for as long as operations come with the same one, so
// that a loop under one context allocates once. Its user has a lock for it.
type keptContext struct {
	parent <-chan struct{}
	ctx    context.Context
	cancel context.CancelCauseFunc
}

func (k *keptContext) of(ctx context.Context) context.Context {
	if done := ctx.Done(); k.ctx == nil || k.parent != done || k.ctx.Err() != nil {
		k.end(nil)
		k.parent = done
		k.ctx, k.cancel = context.WithCancelCause(ctx)
	}
	return k.ctx
}

// end ends the context that is kept.
func (k *keptContext) end(cause error) {
	if k.cancel != nil {
		k.cancel(cause)
	}
	*k = keptContext{}
}
