package memstream

// yields tells whether a side that finds nothing to do lets others run once
// before it waits. Where the peer is the next to run that saves both of them a
// wait, which takes longer; elsewhere it is lost time, so it is tried less and
// less often.
type yields struct{ misses, skip uint8 }

const maxMisses = 6

func (y *yields) pays() bool {
	if y.skip > 0 {
		y.skip--
		return false
	}
	return true
}

func (y *yields) learn(hit bool) {
	if hit {
		y.misses = 0
		return
	}
	y.misses = min(y.misses+1, maxMisses)
	y.skip = 1<<y.misses - 1
}
