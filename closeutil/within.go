package closeutil

import (
	"context"
	"time"

	"github.com/tributary-go/tributary/abc"
)

// CloseWithin closes r gracefully, for as long as grace and ctx last, and
// forcefully after that. An error, which is the context's where time ran out,
// says that the end was not graceful; r is closed in any case.
//
// With a grace of 0 or less it is forceful at once, and says so by that error,
// which [CloseForcefully] does not.
//
// To be graceful although ctx is done, pass context.WithoutCancel(ctx).
func CloseWithin(ctx context.Context, r abc.AsyncResource, grace time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, grace)
	defer cancel()
	return r.Close(ctx)
}
