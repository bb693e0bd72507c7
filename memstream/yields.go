package memstream

// yields tells whether one side of a stream, which can't go on, lets other
// goroutines run once and looks again before it waits. Where its peer is the
// next to run, that spares both of them a wait, which takes longer. Elsewhere
// it is lost time, so the more it failed, the less often it is tried.
//
// What yields is not blocked, so nothing wakes it: it has to look at everything
// that may have happened.
type yields struct {
	misses uint8 // in a row
	skip   uint8 // how many waits to go without
}

// maxMisses makes it each 64th wait at the least.
const maxMisses = 6

// pays reports whether to yield before this wait. It and learn are called with
// the lock of the stream held.
func (y *yields) pays() bool {
	if y.skip > 0 {
		y.skip--
		return false
	}
	return true
}

// learn takes down whether the wait was spared.
func (y *yields) learn(hit bool) {
	if hit {
		y.misses = 0
		return
	}
	y.misses = min(y.misses+1, maxMisses)
	y.skip = 1<<y.misses - 1
}
