package bufstream

import (
	"bytes"
	"context"

	"github.com/tributary-go/tributary/abc"
)

const (
	// DefaultLimit is how long an item may be, and how much a [Buffer] holds,
	// where nothing else is said: 1 MiB.
	DefaultLimit = 1 << 20

	// Unlimited is a limit that there is none.
	Unlimited = -1
)

// A Buffer is a sliding buffer: bytes are added at the end, looked at and
// searched, and consumed from the front. The zero value is empty and ready to
// use. One goroutine at a time may use it, and it must not be copied.
//
// Consuming copies nothing. Adding a byte costs O(1), amortised. Its memory
// comes from a pool. [Buffer.Extend] gives back what a burst needed once that
// is over, [Buffer.Release] gives back all of it. A Buffer that is just
// dropped is left to the garbage collector.
//
// # Views
//
// Bytes returns a view, not a copy. Append, Prepend, Extend and Release end
// it: the memory may belong to somebody else afterwards. Discard, Index, Len
// and Bytes do not.
type Buffer struct {
	// Limit is how many bytes it may hold: 0 is DefaultLimit, Unlimited is as
	// many as there are. What would be more is a [TooLongError], and stays where
	// it was.
	Limit int

	memory     *[]byte // from newArray, nil if there is none
	array      []byte  // *memory
	start, end int     // what is held: array[start:end]

	readSize int // how much room the next Extend wants

	sought   []byte // the last delimiter
	searched int    // it does not begin in so many of the bytes held
}

// Len returns how many bytes are held.
func (b *Buffer) Len() int { return b.end - b.start }

// Bytes returns the bytes held. See [Buffer] for how long they are valid.
func (b *Buffer) Bytes() []byte { return b.array[b.start:b.end:b.end] }

// Append adds a copy of p at the end. p must not be a view of this buffer. The
// error is a [*TooLongError], after which nothing was added.
func (b *Buffer) Append(p []byte) error {
	if err := b.allow(len(p)); err != nil {
		return err
	}
	if len(b.array)-b.end < len(p) {
		b.move(max(b.Len()+len(p), 2*b.Len()))
	}
	b.end += copy(b.array[b.end:], p)
	return nil
}

// Prepend puts a copy of p in front of what is held, as if it had not been
// consumed. p may be a view of this buffer: what was just looked at and
// discarded. The error is a [*TooLongError], after which nothing was added.
func (b *Buffer) Prepend(p []byte) error {
	if err := b.allow(len(p)); err != nil {
		return err
	}
	b.searched = 0
	if len(p) <= b.start {
		b.start -= len(p)
		copy(b.array[b.start:], p)
		return nil
	}
	// Into a new array in any case, for p may be in this one. There it gets
	// room at both ends.
	total := len(p) + b.Len()
	memory := newArray(arraySize(total + total/2))
	start := (len(*memory) - total) / 2
	n := copy((*memory)[start:], p)
	copy((*memory)[start+n:], b.Bytes())
	b.replace(memory, start, total)
	return nil
}

// Discard consumes n bytes from the front. It panics if less are held.
func (b *Buffer) Discard(n int) {
	if n < 0 || n > b.Len() {
		panic("bufstream: Discard of more than is held")
	}
	b.start += n
	b.searched = max(0, b.searched-n)
}

// Index returns where delim begins first, -1 if it is not held as a whole. It
// panics if delim is empty.
//
// What was searched for the same delimiter before is not looked at again, so
// waiting for a delimiter costs O(1) a byte, however many pieces it comes in.
func (b *Buffer) Index(delim []byte) int {
	if len(delim) == 0 {
		panic("bufstream: Index of an empty delimiter")
	}
	if !bytes.Equal(delim, b.sought) {
		b.sought = append(b.sought[:0], delim...)
		b.searched = 0
	}
	held := b.array[b.start:b.end]
	var i int
	if len(delim) == 1 {
		i = bytes.IndexByte(held[b.searched:], delim[0])
	} else {
		i = bytes.Index(held[b.searched:], delim)
	}
	if i >= 0 {
		b.searched += i
		return b.searched
	}
	b.searched = max(b.searched, len(held)-len(delim)+1)
	return -1
}

// Release drops what is held and gives all memory back.
func (b *Buffer) Release() {
	if b.memory != nil {
		freeArray(b.memory)
	}
	*b = Buffer{Limit: b.Limit, readSize: b.readSize, sought: b.sought}
}

// Extend receives once from r, straight into the room at the end, and returns
// how many bytes came. It blocks as r does. hint is how many bytes more the
// caller is waiting for, 0 if it cannot tell; as many as there is room for are
// received in any case.
//
// The room is 512 bytes at first, eight times as much after each receive that
// filled it, up to 32 KiB, and less again when less comes. With a large hint it
// grows in proportion to what is held, so a peer that announces much and sends
// little gets little.
//
// An error is that of r, io.EOF bare, or a [*TooLongError] if the buffer is
// full; nothing is received then. What is held stays in any case.
func (b *Buffer) Extend(ctx context.Context, r abc.ReceiveStream, hint int) (int, error) {
	limit := b.limit()
	left := limit - b.Len()
	if left <= 0 {
		if ctx.Err() != nil {
			return 0, opError("receive", 0, abc.ContextErr(ctx))
		}
		return 0, &TooLongError{limit}
	}
	b.makeRoom(hint)
	room := b.array[b.end:]
	room = room[:min(len(room), left)]
	n, err := r.ReceiveSome(ctx, room)
	if n > 0 {
		b.end += n
		b.adapt(n, n == len(room))
	}
	return n, err
}

func (b *Buffer) limit() int {
	switch {
	case b.Limit == 0:
		return DefaultLimit
	case b.Limit == Unlimited:
		return int(^uint(0) >> 1)
	case b.Limit < 0:
		panic("bufstream: Buffer.Limit must not be negative, but for Unlimited")
	}
	return b.Limit
}

// allow says whether n bytes more may be held.
func (b *Buffer) allow(n int) error {
	if limit := b.limit(); n > limit-b.Len() {
		return &TooLongError{limit}
	}
	return nil
}
