package pipestream

import (
	"context"
	"io"
	"os"
	"time"
)

// A childOutput is the standard output of a child. Its Close receives and drops
// what the child still writes, until its end or that of ctx, so that the child
// neither blocks on a full pipe nor dies of a broken one.
type childOutput struct{ *ReceiveStream }

func newChildOutput(f *os.File) childOutput {
	r := NewReceiveStream(f)
	r.left = make(chan struct{}, 1)
	return childOutput{r}
}

// Close must be called once only.
func (o childOutput) Close(ctx context.Context) error {
	busy := o.shut()
	if o.background != nil {
		_ = o.background.Close(ctx)
	}
	if busy {
		<-o.left // woken by a deadline, which is in the way of what follows
	}
	if ctx.Err() == nil {
		_ = o.file.SetReadDeadline(time.Time{})
		drained := make(chan struct{})
		go func() {
			defer close(drained)
			_, _ = io.Copy(io.Discard, o.file)
		}()
		select {
		case <-drained:
		case <-ctx.Done():
		}
	}
	return opError("close", 0, o.closeFile()) // ends the copying
}
