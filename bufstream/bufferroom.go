package bufstream

// The sizes of the room that Extend receives into. Steps of 8 find the right one
// in three receives. More than 16 KiB makes parsing slower, as it leaves the
// first cache, and for large items the array is larger in any case.
const (
	leastRead = smallest
	readStep  = 8
	mostRead  = 16 << 10
)

// adapt chooses the room for the next receive after one of n bytes.
func (b *Buffer) adapt(n int, full bool) {
	switch {
	case full && n >= b.readSize/2 && b.readSize < mostRead:
		b.readSize = min(b.readSize*readStep, mostRead)
	case n < b.readSize/readStep && b.readSize > leastRead:
		b.readSize = max(b.readSize/readStep, leastRead)
	default:
		return
	}
	b.enough = noLimit
}

// makeRoom makes room at the end for a receive.
//
// It moves what is held if that costs no more than the bytes consumed since the
// last move, or into an array twice as large: so each byte is moved O(1) times.
func (b *Buffer) makeRoom(hint int) {
	if b.readSize == 0 {
		b.readSize = leastRead
	}
	held, all := b.Len(), len(b.array)
	size := arraySize(max(b.readSize, 2*held, min(held+hint, max(readStep*held, direct))))
	free := all - b.end
	switch {
	case free <= all/8, all < b.readSize, free < hint && all < size,
		b.cheap() && (free < b.readSize/2 || tooLarge(all, size)):
		b.move(size)
	}
	b.enough = max(b.readSize/2-1, len(b.array)/8)
}

// cheap says whether what is held may be moved: it is no more than what was
// consumed since the last move.
func (b *Buffer) cheap() bool { return b.start >= b.end-b.start }

// tooLarge says whether an array is so much larger than need be that it is
// given back.
func tooLarge(have, want int) bool { return have > 4*want }

// move moves what is held to the front of an array of at least the given size,
// the present one if it will do.
func (b *Buffer) move(size int) {
	size = arraySize(size)
	held := b.Len()
	if len(b.array) >= size && !tooLarge(len(b.array), size) {
		copy(b.array, b.array[b.start:b.end])
		b.start, b.end = 0, held
		return
	}
	memory := newArray(size)
	copy(*memory, b.array[b.start:b.end])
	b.replace(memory, 0, held)
}

func (b *Buffer) replace(memory *[]byte, start, held int) {
	if b.memory != nil {
		freeArray(b.memory)
	}
	b.memory, b.array = memory, *memory
	b.start, b.end = start, start+held
}
