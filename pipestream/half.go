package pipestream

import (
	"context"
	"errors"
	"os"
	"sync"
	"time"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/internal/watch"
)

// A half is one direction: a file, and how an operation on it is woken.
type half struct {
	file        *os.File
	setDeadline func(time.Time) error // of the direction that file is used for
	guard       abc.Guard
	watch       watch.Watcher
	once        sync.Once

	// fatal is what every further operation returns. It is only touched inside.
	fatal error

	// left is told that an operation is no longer inside a closed half. Only
	// who drains the half has one.
	left chan struct{}
}

// init makes the half of f, whose deadline it clears. It reports whether f has
// deadlines.
func (h *half) init(f *os.File, setDeadline func(time.Time) error) bool {
	h.file, h.setDeadline = f, setDeadline
	return !errors.Is(setDeadline(time.Time{}), os.ErrNoDeadline)
}

// SetDeadline implements watch.Direction.
func (h *half) SetDeadline(t time.Time) error { return h.setDeadline(t) }

// run does one operation on a file with deadlines. It returns the error of the
// file as it is, or that of ctx.
func (h *half) run(ctx context.Context, op func([]byte) (int, error), p []byte) (int, error) {
	if err := h.watch.Arm(ctx, h); err != nil {
		return 0, err
	}
	n, err := op(p)
	if h.watch.Disarm(h) && ctx.Err() != nil && errors.Is(err, os.ErrDeadlineExceeded) {
		err = abc.ContextErr(ctx)
	}
	return n, err
}

// result says what err, of the operation that is inside, means, and keeps it
// if it is for ever.
func (h *half) result(ctx context.Context, err error) error {
	switch {
	case h.guard.Closed():
		return abc.ErrClosed
	case isContext(ctx, err):
		return err
	}
	h.fatal = fileError(err)
	return h.fatal
}

func (h *half) leave() {
	if h.guard.Leave() {
		select {
		case h.left <- struct{}{}:
		default:
		}
	}
}

// shut lets no operation in any more, and wakes the one that is inside, which
// it reports.
func (h *half) shut() (busy bool) {
	busy = h.guard.Close()
	h.watch.Close(h)
	return busy
}

// closeFile does not block: it wakes what is blocked in a file with deadlines,
// and does not wait for what is blocked in any other.
func (h *half) closeFile() (err error) {
	h.once.Do(func() { err = h.file.Close() })
	if err == nil || errors.Is(err, os.ErrClosed) {
		return nil
	}
	return abc.Broken(err)
}
