package closeutil

import (
	"context"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/internal/closing"
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
	return closing.WithoutContext(done, r.Close(done))
}
