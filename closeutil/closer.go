package closeutil

import (
	"context"
	"io"
	"sync"
	"time"

	"github.com/tributary-go/tributary/abc"
)

// FromCloser makes a resource of c. c.Close runs once, in a goroutine, because
// an io.Closer knows no context: where it outlasts the ctx of Close, Close
// returns that context's error and leaves c.Close to end by itself. So this is
// the one resource that may still be held when its Close has returned.
//
// The first Close to see the end of c.Close returns its error.
func FromCloser(c io.Closer) abc.AsyncResource {
	if c == nil {
		panic("closeutil: FromCloser of a nil io.Closer")
	}
	return &fromCloser{c: c, ended: make(chan error, 1)}
}

type fromCloser struct {
	c     io.Closer
	start sync.Once
	ended chan error // the error of c.Close, then closed
}

func (f *fromCloser) Close(ctx context.Context) error {
	f.start.Do(func() {
		go func() {
			f.ended <- f.c.Close()
			close(f.ended)
		}()
	})
	select {
	case err := <-f.ended:
		return err
	default:
	}
	select {
	case err := <-f.ended:
		return err
	case <-ctx.Done():
		return &abc.OpError{Op: "close", Transport: "closeutil", Err: abc.ContextErr(ctx)}
	}
}

// ToCloser makes an io.Closer of r. Its Close closes r gracefully for as long
// as grace lasts, and forcefully after that; a grace of 0 is forceful at once.
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
