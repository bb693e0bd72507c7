package closeutil

import (
	"context"
	"io"
	"time"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/internal/closing"
)

// FromCloser makes a resource of c. c.Close runs once, in a goroutine, because
// an io.Closer knows no context: where it outlasts the ctx of Close, Close
// returns that context's error and leaves c.Close to end by itself. So c may
// still be held when Close has returned, and a forceful Close, which has no
// time at all, hardly ever sees the error of c.Close: give it some with
// [CloseWithin] where that matters.
//
// A later Close waits, while its own ctx lasts, for a c.Close that still runs.
// The first Close to see the end of c.Close returns its error.
func FromCloser(c io.Closer) abc.AsyncResource {
	if c == nil {
		panic("closeutil: FromCloser of a nil io.Closer")
	}
	return &fromCloser{c: c, ended: make(chan error, 1)}
}

type fromCloser struct {
	c     io.Closer
	close closing.Once
	ended chan error // the error of c.Close, then closed
}

func (f *fromCloser) Close(ctx context.Context) error {
	first := false
	err := f.close.Do(ctx, func(ctx context.Context) error {
		first = true
		go func() {
			f.ended <- f.c.Close()
			close(f.ended)
		}()
		err, inTime := f.wait(ctx)
		if !inTime {
			return &abc.OpError{Op: "close", Transport: "closeutil", Err: abc.ContextErr(ctx)}
		}
		return err
	})
	if err == nil && !first {
		err, _ = f.wait(ctx) // that time ran out was the first one's to say
	}
	return err
}

// wait returns the error of c.Close, if that ends before ctx.
func (f *fromCloser) wait(ctx context.Context) (err error, inTime bool) {
	select {
	case err := <-f.ended:
		return err, true
	default:
	}
	select {
	case err := <-f.ended:
		return err, true
	case <-ctx.Done():
		return nil, false
	}
}

// ToCloser makes an io.Closer of r. Its Close closes r gracefully for as long
// as grace lasts, and forcefully after that, which is an error then; a grace of
// 0 or less is [CloseForcefully].
func ToCloser(r abc.AsyncResource, grace time.Duration) io.Closer {
	if r == nil {
		panic("closeutil: ToCloser of a nil resource")
	}
	return toCloser{r, grace}
}

type toCloser struct {
	r     abc.AsyncResource
	grace time.Duration
}

func (c toCloser) Close() error {
	if c.grace <= 0 {
		return CloseForcefully(c.r)
	}
	return CloseWithin(context.Background(), c.r, c.grace)
}
