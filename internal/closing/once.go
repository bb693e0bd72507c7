// Package closing has the part of every Close that is the same for all
// resources whose closing can take time.
package closing

import (
	"context"
	"errors"
	"net"
	"sync"

	"github.com/tributary-go/tributary/abc"
)

// errCut is why the context of a close in progress ended, if another one that
// may not wait came along.
var errCut error = cutError{}

// Once runs the close of a resource once, with the rules of abc.AsyncResource
// for those who come later: they wait for it, and one whose context is done
// makes it forceful. The zero value is ready to use.
type Once struct {
	mu    sync.Mutex
	ended chan struct{} // nil until the first Do
	cut   context.CancelCauseFunc
}

// Do runs f for the first caller and returns its error. f must release the
// resource before it returns, return soon once its context is done, and not
// call Do. If it fails because a later Do cut it short, the error says that,
// and what f says beyond it.
//
// A later Do waits until f has returned, and then returns nil. If its ctx is
// done first, it ends the context of f, waits for the little that f does then,
// and returns the error of its ctx.
func (o *Once) Do(ctx context.Context, f func(context.Context) error) error {
	o.mu.Lock()
	if o.ended != nil {
		o.mu.Unlock()
		return o.wait(ctx)
	}
	ended := make(chan struct{})
	fctx, cut := context.WithCancelCause(ctx)
	o.ended, o.cut = ended, cut
	o.mu.Unlock()

	defer close(ended)
	defer cut(nil)
	err := f(fctx)
	if err == nil || context.Cause(fctx) != errCut || context.Cause(ctx) == errCut {
		return err
	}
	// What ended fctx was not the caller's context: say what really happened.
	if rest := WithoutContext(fctx, err); rest != nil {
		return errors.Join(errCut, rest)
	}
	return errCut
}

func (o *Once) wait(ctx context.Context) error {
	select {
	case <-o.ended:
		return nil
	default:
	}
	select {
	case <-o.ended:
		return nil
	case <-ctx.Done():
		o.cut(errCut)
		<-o.ended
		return abc.ContextErr(ctx)
	}
}

// cutError is the error of a graceful close that did not get to its end. It
// matches abc.ErrClosed and not the context error that stopped it, which is
// not of the caller's context.
type cutError struct{}

func (cutError) Error() string { return "cut short by a forceful Close" }

func (cutError) Is(target error) bool { return target == abc.ErrClosed || target == net.ErrClosed }
