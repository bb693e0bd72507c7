package bufstream

import (
	"context"
	"sync"
)

// A waker ends the receives that are blocked below, for a Close that has
// something to send first and so cannot close what is below yet. The zero value
// has nobody to do that for, and costs nothing.
type waker struct {
	used bool // wake will be called

	mu    sync.Mutex // never held while anything blocks
	kept  keptContext
	woken bool
}

// context returns the context for a receive below, which wake ends.
func (w *waker) context(ctx context.Context) context.Context {
	if !w.used {
		return ctx
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	kept := w.kept.of(ctx)
	if w.woken {
		w.kept.end(nil)
	}
	return kept
}

// wake is called once no operation can begin any more. It lets go of a context
// that was kept, too.
func (w *waker) wake() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.woken = true
	w.kept.end(nil)
}
