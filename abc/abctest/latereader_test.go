//go:build !race

package abctest_test

import (
	"context"
	"time"
)

// The race detector sees this one by itself.
func init() {
	faults = append(faults, fault{name: "SendAll reads its buffer later", caught: "Buffer/SendLetsGo", make: func(s *hooked) {
		s.send = func(ctx context.Context, p []byte) error {
			if len(p) < 1000 {
				return s.Stream.SendAll(ctx, p)
			}
			time.AfterFunc(5*time.Millisecond, func() { _ = s.Stream.SendAll(context.WithoutCancel(ctx), p) })
			return nil
		}
	}})
}
