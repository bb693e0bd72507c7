package abc

import (
	"context"
	"sync"
)

// Relay carries bytes both ways between a and b until both directions have
// ended, and returns how many it carried each way. The end of one direction is
// passed on with SendEOF and the other one goes on, so that a reply to a
// half-closed request arrives.
//
// It returns the first error that ended a direction; the other is cancelled
// then. A stream on which SendEOF is unsupported cannot be told of the end, so
// its errors.ErrUnsupported ends the relay too, after every byte that came
// before was passed on; the alternative would be two peers that wait for each
// other for ever.
//
// It closes neither stream; after an error both are good for closing only. It
// occupies both halves of both streams.
func Relay(ctx context.Context, a, b Stream) (aToB, bToA int64, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var once sync.Once // the first error is the cause, what follows is its effect
	direction := func(dst, src Stream) int64 {
		n, e := Copy(ctx, dst, src)
		if e == nil {
			e = dst.SendEOF(ctx)
		}
		if e != nil {
			once.Do(func() { err = e })
			cancel()
		}
		return n
	}
	var wg sync.WaitGroup
	wg.Go(func() { aToB = direction(b, a) })
	bToA = direction(a, b)
	wg.Wait()
	return aToB, bToA, err
}
