package abc

import (
	"context"
	"time"
)

// Interrupt lets the end of ctx wake a call that blocks until a deadline, as
// Read and Write of an os.File or a net.Conn do. It is for those who write a
// transport over one.
//
//	release := abc.Interrupt(ctx, file.SetReadDeadline)
//	n, err := file.Read(p)
//	release()
//
// When ctx ends, setDeadline is called with a time in the past, in a goroutine
// of its own. release ends that. If setDeadline was called, release waits for it
// to return and calls it with the zero time, so that no deadline is left for the
// next operation (rule 3.5): without the wait, a deadline that was about to be
// set when the call returned would hit that one. Errors of setDeadline are
// ignored: a call that has no deadline is not woken.
//
// release must be called once, after the blocking call and before the
// operation returns. No other deadline may be in use on the same half.
// Interrupt does not block. It allocates, but not for a ctx that never ends.
func Interrupt(ctx context.Context, setDeadline func(time.Time) error) (release func()) {
	if ctx.Done() == nil {
		return func() {}
	}
	expired := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(expired)
		_ = setDeadline(time.Unix(1, 0))
	})
	return func() {
		if !stop() {
			<-expired
			_ = setDeadline(time.Time{})
		}
	}
}
