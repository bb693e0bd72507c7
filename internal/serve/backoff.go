package serve

import (
	"context"
	"time"
)

const (
	minDelay = 5 * time.Millisecond
	maxDelay = time.Second
)

// backOff is how long to wait before accepting again, while what accepting
// needs is exhausted. The zero value begins with minDelay.
type backOff struct{ last time.Duration }

func (b *backOff) next() time.Duration {
	b.last = min(max(2*b.last, minDelay), maxDelay)
	return b.last
}

func (b *backOff) reset() { b.last = 0 }

// sleep returns after d, or when ctx is done.
func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
