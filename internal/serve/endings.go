package serve

import "sync"

// endings are functions to be called when the context of the handlers ends.
// There is one for each stream that waits under that context: with
// context.AfterFunc each of them is a context of its own and an entry in a map
// under one lock, three times as much memory and more stack than a handler's
// goroutine begins with. The zero value is ready to use.
type endings struct {
	mu    sync.Mutex
	first *ending
	over  bool
}

type ending struct {
	of         *endings
	f          func() // nil if it was called or stopped
	prev, next *ending
}

// add is context.AfterFunc: f is called in a goroutine of its own, unless stop,
// which reports whether it did, prevents that.
func (e *endings) add(f func()) (stop func() bool) {
	n := &ending{of: e, f: f}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.over {
		n.f = nil
		go f()
		return n.stop
	}
	if n.next = e.first; n.next != nil {
		n.next.prev = n
	}
	e.first = n
	return n.stop
}

func (n *ending) stop() bool {
	n.of.mu.Lock()
	defer n.of.mu.Unlock()
	if n.f == nil {
		return false
	}
	n.f = nil
	if n.next != nil {
		n.next.prev = n.prev
	}
	if n.prev != nil {
		n.prev.next = n.next
	} else {
		n.of.first = n.next
	}
	return true
}

// happen calls all of them, and from now on each that is added.
func (e *endings) happen() {
	e.mu.Lock()
	defer e.mu.Unlock()
	for n := e.first; n != nil; n = n.next {
		go n.f()
		n.f = nil
	}
	e.first, e.over = nil, true
}
