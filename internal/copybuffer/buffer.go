// Package copybuffer has the buffer of a copy, which is large only while much
// comes at a time: of many copies most wait, and each holds its buffer then.
package copybuffer

import "sync"

const (
	// Large is the size, in bytes, from which on a larger buffer makes a copy
	// no faster.
	Large = 64 << 10

	// small is what most requests and many answers fit into.
	small = 4 << 10
)

var (
	largePool = sync.Pool{New: func() any { return new([Large]byte) }}
	smallPool = sync.Pool{New: func() any { return new([small]byte) }}
)

// A Buffer belongs to one copy. The zero value is ready; call Free in the end.
type Buffer struct {
	large *[Large]byte
	small *[small]byte
}

// After returns what to receive into, after a receive that brought n bytes, 0
// at first. What it returned before is not to be used any more.
func (b *Buffer) After(n int) []byte {
	switch {
	case b.small == nil:
		b.small = smallPool.Get().(*[small]byte)
	case b.large == nil && n == small:
		b.large = largePool.Get().(*[Large]byte)
	case b.large != nil && n <= small:
		largePool.Put(b.large)
		b.large = nil
	}
	if b.large != nil {
		return b.large[:]
	}
	return b.small[:]
}

// Free ends the use of b.
func (b *Buffer) Free() {
	if b.large != nil {
		largePool.Put(b.large)
	}
	if b.small != nil {
		smallPool.Put(b.small)
	}
	*b = Buffer{}
}
