package closeutil

import (
	"context"
	"errors"

	"github.com/tributary-go/tributary/abc"
)

var done = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()

// CloseForcefully closes r at once: it does not wait for the peer and does not
// block. Any goroutine may call it at any time, also while a graceful Close is
// blocked, which it cuts short.
//
// It is r.Close with a context that is done, and does not report that as an
// error. What else went wrong is reported, also where r joined it with the
// context's error.
//
// It is Trio's aclose_forcefully.
func CloseForcefully(r abc.AsyncResource) error {
	return withoutContext(done, r.Close(done))
}

// withoutContext returns what err says beyond ctx being done, nil if nothing.
func withoutContext(ctx context.Context, err error) error {
	if err == nil || !errors.Is(err, ctx.Err()) && !errors.Is(err, context.Cause(ctx)) {
		return err
	}
	switch e := err.(type) {
	case *abc.OpError:
		rest := withoutContext(ctx, e.Err)
		if rest == nil {
			return nil
		}
		return &abc.OpError{Op: e.Op, Transport: e.Transport, Sent: e.Sent, Err: rest}
	case interface{ Unwrap() []error }:
		var rest []error
		for _, one := range e.Unwrap() {
			rest = append(rest, withoutContext(ctx, one))
		}
		return errors.Join(rest...)
	case interface{ Unwrap() error }:
		return withoutContext(ctx, e.Unwrap())
	}
	return nil
}
