package bufstream

import (
	"context"
	"errors"
	"sync"
	"time"
)

// errNoProgress is why the context of a window ended.
var errNoProgress = errors.New("no progress")

// A window is the time that the operations of one half have to make progress.
// It gives them a context that is done when their own is, or when the window
// ends. It belongs to one operation at a time.
//
// The timer is left to run out by itself: a loop under one context allocates
// nothing, and starts the timer once each time that the limit passes.
type window struct {
	limit time.Duration

	mu      sync.Mutex // never held while anything blocks
	kept    keptContext
	end     time.Time // of the current window; zero if there is none
	timer   *time.Timer
	ticking bool // the timer will call expire
	closed  bool
}

// open begins a window for an operation with ctx. shut ends it.
func (w *window) open(ctx context.Context) context.Context {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return ctx
	}
	ctx = w.kept.of(ctx)
	w.end = time.Now().Add(w.limit)
	if !w.ticking {
		w.tick(w.limit)
	}
	return ctx
}

// shut ends the window, and reports whether it had ended by itself.
func (w *window) shut() (expired bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.end = time.Time{}
	return w.kept.ctx != nil && context.Cause(w.kept.ctx) == errNoProgress
}

// expire is called by the timer, which may have been started for a window that
// is over.
func (w *window) expire() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ticking = false
	if w.end.IsZero() || w.closed {
		return
	}
	if left := time.Until(w.end); left > 0 {
		w.tick(left)
		return
	}
	w.kept.cancel(errNoProgress)
}

func (w *window) tick(d time.Duration) {
	w.ticking = true
	if w.timer == nil {
		w.timer = time.AfterFunc(d, w.expire)
	} else {
		w.timer.Reset(d)
	}
}

// close lets go of the timer and of a context that was kept.
func (w *window) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	if w.timer != nil {
		w.timer.Stop()
	}
	w.kept.end(nil)
}
