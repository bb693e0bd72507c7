package memstream

import (
	"runtime"
	"time"
)

// yields tells whether one side of a stream, which can't go on, lets other
// goroutines run once and looks again before it waits. Where its peer is the
// next to run, that spares both of them a wait, which takes longer. Elsewhere
// it is lost time, so the more it failed, the less often it is tried.
//
// It fails where the peer has done nothing by then, and also where many others
// run before the peer does: the queue for those who yield is one for the whole
// process, and a wait has become the cheaper way to the same end.
//
// What yields is not blocked, so nothing wakes it: it has to look at everything
// that may have happened.
type yields struct {
	misses uint8 // in a row
	skip   uint8 // how many waits to go without
	hits   uint8 // since the last one that was timed
}

const (
	// maxMisses makes it each 64th wait at the least.
	maxMisses = 6

	// timedYields is of how many yields one is timed: to read the clock takes
	// as long as a yield that pays.
	timedYields = 32

	// longYield is how long one takes where a wait would have been better.
	longYield = 5 * time.Microsecond
)

// A yield is one that is to be made.
type yield struct{ pays, timed bool }

// next tells whether to yield before this wait. It and learn are called with the
// lock of the stream held.
func (y *yields) next() yield {
	if y.skip > 0 {
		y.skip--
		return yield{}
	}
	return yield{pays: true, timed: y.hits == 0}
}

// now yields, and reports whether that took long, as far as it is timed.
func (y yield) now() (long bool) {
	if !y.timed {
		runtime.Gosched()
		return false
	}
	began := time.Now()
	runtime.Gosched()
	return time.Since(began) > longYield
}

// learn takes down whether a yield has spared the wait, and took long.
func (y *yields) learn(hit, long bool) {
	if hit && !long {
		y.misses = 0
		y.hits = (y.hits + 1) % timedYields
		return
	}
	y.misses = min(y.misses+1, maxMisses)
	y.skip = 1<<y.misses - 1
	y.hits = 0
}
