package bufstream

import (
	"bytes"
	"context"

	"github.com/tributary-go/tributary/abc"
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
	// many as there are, another negative one panics. What would be more is a
	// [TooLongError], and stays where it was.
	Limit int

	memory     *[]byte // from newArray, nil if there is none
	array      []byte  // *memory
	start, end int     // what is held: array[start:end]

	readSize int // how much room the next Extend wants
	enough   int // with more room than that at the end, nothing is moved to make some

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
	if uint(n) > uint(b.end-b.start) {
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
	b.seek(delim)
	return b.search()
}

// seek makes delim what searched is about.
func (b *Buffer) seek(delim []byte) {
	if !bytes.Equal(delim, b.sought) {
		b.sought = append(b.sought[:0], delim...)
		b.searched = 0
	}
}

// search is Index of the delimiter that was sought last.
func (b *Buffer) search() int {
	rest := b.array[b.start+b.searched : b.end]
	var i int
	if len(b.sought) == 1 {
		i = indexByte(rest, b.sought[0])
	} else {
		i = bytes.Index(rest, b.sought)
	}
	if i < 0 {
		b.searched += max(0, len(rest)-len(b.sought)+1)
		return -1
	}
	b.searched += i
	return b.searched
}

// indexByte is bytes.IndexByte, which has a processor wait if it loads a byte
// that was just stored as part of something wider.
func indexByte(p []byte, c byte) int {
	if len(p) >= 8 {
		return bytes.IndexByte(p, c)
	}
	for i, b := range p {
		if b == c {
			return i
		}
	}
	return -1
}

// Release drops what is held and gives all memory back.
func (b *Buffer) Release() {
	if b.memory != nil {
		freeArray(b.memory)
	}
	b.memory, b.array = nil, nil
	b.start, b.end, b.enough, b.searched = 0, 0, 0, 0
}

// Extend receives once from r, straight into the room at the end, and returns
// how many bytes came. It blocks as r does. hint is how many bytes more the
// caller is waiting for, 0 if it cannot tell; as many as there is room for are
// received in any case.
//
// The room is 512 bytes at first, eight times as much after each receive that
// filled it, up to 16 KiB, and less again when less comes. It is more where more
// is held. A hint makes it larger, to 4 KiB or in proportion to what is held: a
// peer that announces much and sends little gets little.
//
// An error is that of r, io.EOF bare, or a [*TooLongError] if the buffer is
// full; nothing is received then. What is held stays in any case.
func (b *Buffer) Extend(ctx context.Context, r abc.ReceiveStream, hint int) (int, error) {
	if b.start == b.end {
		b.start, b.end = 0, 0
	}
	limit := b.limit()
	left := limit - b.Len()
	if left <= 0 {
		if ctx.Err() != nil {
			return 0, opError("receive", 0, abc.ContextErr(ctx))
		}
		return 0, &TooLongError{limit}
	}
	free := len(b.array) - b.end
	if free <= b.enough || free < hint || b.cheap() && tooLarge(len(b.array), b.readSize) {
		b.makeRoom(hint)
	}
	room := b.array[b.end:]
	if len(room) > left {
		room = room[:left]
	}
	n, err := r.ReceiveSome(ctx, room)
	if n > 0 {
		b.end += n
		b.adapt(n, n == len(room))
	}
	return n, err
}

// allow says whether n bytes more may be held.
func (b *Buffer) allow(n int) error {
	if limit := b.limit(); n > limit-b.Len() {
		return &TooLongError{limit}
	}
	return nil
}
