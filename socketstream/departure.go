package socketstream

import "sync"

// A departure is that of the operation that is inside a half when this is
// closed. The zero value is ready to use.
type departure struct {
	mu   sync.Mutex
	left chan struct{} // nil until somebody asks
	over bool
}

// happened is called once.
func (d *departure) happened() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.over = true
	if d.left != nil {
		close(d.left)
	}
}

// done returns a channel that is closed when it has happened.
func (d *departure) done() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.left == nil {
		d.left = make(chan struct{})
		if d.over {
			close(d.left)
		}
	}
	return d.left
}
