package bridge

import (
	"slices"
	"sync"
	"sync/atomic"
)

// A turn is a lock whose wait can be given up, and that goes to those who wait in
// the order in which they came. To take it while nobody has it, and to give it
// back while nobody waits, is one atomic operation each. The zero value is free.
//
// It is no mutex because the wait has to end with a deadline, and has to be
// durably blocked for testing/synctest.
type turn struct {
	state atomic.Int32 // one of the below; wanted is set and left under mu only

	mu    sync.Mutex
	queue []chan struct{} // of those who wait; each is closed when it has the turn
}

const (
	turnFree   = iota
	turnTaken  // the queue is empty
	turnWanted // somebody has waited: whoever has the turn looks whether to hand it on
)

// take takes the turn, if it is free, and returns nil. Else it returns what is
// closed once the caller has it: wait for that, or give it up.
func (t *turn) take() (mine chan struct{}) {
	if t.state.CompareAndSwap(turnFree, turnTaken) {
		return nil
	}
	return t.takeLater()
}

// takeLater is take after the turn was found taken, which it may not be any more.
func (t *turn) takeLater() (mine chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for t.state.Load() != turnWanted && !t.state.CompareAndSwap(turnTaken, turnWanted) {
		if t.state.CompareAndSwap(turnFree, turnTaken) {
			return nil
		}
	}
	mine = make(chan struct{})
	t.queue = append(t.queue, mine)
	return mine
}

// giveUp ends the wait for mine, which may have come to its end by now.
func (t *turn) giveUp(mine chan struct{}) {
	t.mu.Lock()
	i := slices.Index(t.queue, mine)
	if i >= 0 {
		t.queue = slices.Delete(t.queue, i, i+1)
	}
	t.mu.Unlock()
	if i < 0 {
		t.end()
	}
}

// end gives the turn back, to the next one if somebody waits.
func (t *turn) end() {
	if t.state.CompareAndSwap(turnTaken, turnFree) {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.queue) == 0 { // nobody waits any more
		t.state.Store(turnFree)
		return
	}
	close(t.queue[0])
	t.queue = slices.Delete(t.queue, 0, 1)
}
