// Package endings is what contexts of this library have in place of
// context.AfterFunc.
package endings

import (
	"context"
	"sync"
)

// AfterFunc is context.AfterFunc, which asks a context that has such a method
// only if it knows no way around it. Contexts that have a [List] have one that
// costs less.
func AfterFunc(ctx context.Context, f func()) (stop func() bool) {
	if c, ok := ctx.(interface{ AfterFunc(func()) func() bool }); ok {
		return c.AfterFunc(f)
	}
	return context.AfterFunc(ctx, f)
}

// A List is of functions to be called when a context ends. There is one for each
// stream that waits under that context: with context.AfterFunc each of them is a
// context of its own and an entry in a map under one lock, three times as much
// memory and more stack than the goroutine of a connection begins with. The zero
// value is ready to use.
type List struct {
	mu    sync.Mutex
	first *ending
	over  bool
}

type ending struct {
	of         *List
	f          func() // nil if it was called or stopped
	prev, next *ending
}

// Add is context.AfterFunc: f is called in a goroutine of its own, unless stop,
// which reports whether it did, prevents that.
func (e *List) Add(f func()) (stop func() bool) {
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

// Happen calls all of them, and from now on each that is added.
func (e *List) Happen() {
	e.mu.Lock()
	defer e.mu.Unlock()
	for n := e.first; n != nil; n = n.next {
		go n.f()
		n.f = nil
	}
	e.first, e.over = nil, true
}
