// Package copybuffer has the buffer of a copy, which is large only while much
// comes at a time, and is given back while nothing comes: most copies wait.
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
	large *[Large]byte // one of them is nil
	small *[small]byte
}

// After returns what to receive into, after a receive that brought n bytes, 0
// at first. What it returned before is not to be used any more.
func (b *Buffer) After(n int) []byte {
	if n < small {
		if b.small == nil {
			b.Free()
			b.small = smallPool.Get().(*[small]byte)
		}
		return b.small[:]
	}
	if b.large == nil {
		b.Free()
		b.large = largePool.Get().(*[Large]byte)
	}
	return b.large[:]
}

// Free gives back what After returned last. Another After may follow.
func (b *Buffer) Free() {
	if b.large != nil {
		largePool.Put(b.large)
	}
	if b.small != nil {
		smallPool.Put(b.small)
	}
	*b = Buffer{}
}
