package memstream

import (
	"math/bits"
	"sync"
)

// A ring holds the bytes that were sent and not yet received. Its memory comes
// from pools by size and goes back when the ring is drained, all but the
// smallest, which is kept because fetching it costs as much as a small send.
type ring struct {
	buf  []byte // its length is a power of two
	head int
	n    int
	peak int // the most that was held in this buf
	next int // the size to begin with: what was needed last time
}

const (
	smallRing  = 256
	mediumRing = 4 << 10
	largeRing  = 64 << 10
)

var (
	smallPool  = sync.Pool{New: func() any { return new([smallRing]byte) }}
	mediumPool = sync.Pool{New: func() any { return new([mediumRing]byte) }}
	largePool  = sync.Pool{New: func() any { return new([largeRing]byte) }}
)

// put appends all of p.
func (r *ring) put(p []byte) {
	if len(p) > len(r.buf)-r.n {
		r.grow(r.n + len(p))
	}
	tail := (r.head + r.n) & (len(r.buf) - 1)
	if k := copy(r.buf[tail:], p); k < len(p) {
		copy(r.buf, p[k:])
	}
	r.n += len(p)
}

// get moves up to len(p) bytes to p.
func (r *ring) get(p []byte) int {
	k := r.peek(p[:min(len(p), r.n)])
	r.peak = max(r.peak, r.n)
	r.n -= k
	r.head = (r.head + k) & (len(r.buf) - 1)
	if r.n == 0 {
		r.head = 0
		if len(r.buf) > smallRing {
			r.drop()
		}
	}
	return k
}

// peek copies the first bytes to p. There must be as many.
func (r *ring) peek(p []byte) int {
	k := copy(p, r.buf[r.head:])
	if k < len(p) {
		copy(p[k:], r.buf)
	}
	return len(p)
}

// drop gives the memory back, with what it holds.
func (r *ring) drop() {
	free(r.buf)
	r.next = min(r.peak, largeRing)
	r.buf, r.head, r.n, r.peak = nil, 0, 0, 0
}

func (r *ring) grow(need int) {
	if r.buf == nil {
		need = max(need, r.next)
	}
	buf := alloc(need)
	r.peek(buf[:r.n])
	free(r.buf)
	r.buf, r.head = buf, 0
}

func alloc(need int) []byte {
	switch {
	case need <= smallRing:
		return smallPool.Get().(*[smallRing]byte)[:]
	case need <= mediumRing:
		return mediumPool.Get().(*[mediumRing]byte)[:]
	case need <= largeRing:
		return largePool.Get().(*[largeRing]byte)[:]
	}
	return make([]byte, 1<<bits.Len(uint(need-1)))
}

func free(buf []byte) {
	switch len(buf) {
	case smallRing:
		smallPool.Put((*[smallRing]byte)(buf))
	case mediumRing:
		mediumPool.Put((*[mediumRing]byte)(buf))
	case largeRing:
		largePool.Put((*[largeRing]byte)(buf))
	}
}
