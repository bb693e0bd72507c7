package closeutil

import (
	"context"
	"errors"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/internal/closing"
)

// Using calls body with r and closes r when body returns: gracefully within
// ctx, and forcefully if body panics. It returns the error of body and that of
// Close, joined; the body's is never lost (Trio's issue 455).
//
// When ctx is done, Close is forceful. Its complaint about that is left out
// where body returned an error already.
func Using[R abc.AsyncResource](ctx context.Context, r R, body func(ctx context.Context, r R) error) (err error) {
	returned := false
	defer func() {
		if !returned { // a panic or runtime.Goexit goes through
			_ = CloseForcefully(r)
			return
		}
		closeErr := r.Close(ctx)
		if err != nil {
			closeErr = closing.WithoutContext(ctx, closeErr)
		}
		err = join(err, closeErr)
	}()
	err = body(ctx, r)
	returned = true
	return err
}

// join is errors.Join, but for leaving one error alone as it is.
func join(a, b error) error {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	}
	return errors.Join(a, b)
}
