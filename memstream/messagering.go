package memstream

import "reflect"

// A messageRing holds the messages that were sent and not yet received. It
// takes memory when first needed, and what is more than keptRing gives it back
// when it is empty.
type messageRing[T any] struct {
	buf  []T
	head int
	n    int
}

const (
	keptRing  = 8 << 10 // bytes
	firstRing = 8       // messages
)

// put appends m. The ring must hold fewer than limit.
func (r *messageRing[T]) put(m T, limit int) {
	if r.n == len(r.buf) {
		r.grow(limit)
	}
	r.buf[r.index(r.n)] = m
	r.n++
}

// get removes the oldest message. There must be one.
func (r *messageRing[T]) get() T {
	var zero T
	m := r.buf[r.head]
	r.buf[r.head] = zero
	r.head = r.index(1)
	r.n--
	if r.n == 0 && len(r.buf) > firstRing && len(r.buf) > keptRing/max(1, int(reflect.TypeFor[T]().Size())) {
		r.drop()
	}
	return m
}

// index returns where the message is that has i before it, i <= len(r.buf).
func (r *messageRing[T]) index(i int) int {
	i += r.head
	if i >= len(r.buf) {
		i -= len(r.buf)
	}
	return i
}

// drop gives the memory back, with what it holds.
func (r *messageRing[T]) drop() { *r = messageRing[T]{} }

func (r *messageRing[T]) grow(limit int) {
	buf := make([]T, min(limit, max(firstRing, 2*len(r.buf))))
	k := copy(buf, r.buf[r.head:])
	copy(buf[k:], r.buf[:r.head])
	r.buf, r.head = buf, 0
}
