package fault

import (
	"math/rand/v2"

	"github.com/tributary-go/tributary/abc"
)

// maxPiece is how long the pieces of Fragment are at most, in bytes.
const maxPiece = 4 << 10

// Fragment returns s carrying pieces of random sizes, from 1 byte to 4 KiB,
// half of them shorter than 64 bytes. A receive gets no more than the rest of
// a piece, and a send is a send below for each piece.
//
// The seed settles at which offsets each direction is cut. They do not depend
// on time, on the sizes that the user asks for, nor on operations that are
// cancelled.
func Fragment(s abc.Stream, seed uint64) *Stream {
	f := wrap(s)
	sent, received := random(seed)
	f.out, f.in = &cuts{size: pieceSize(sent)}, &cuts{size: pieceSize(received)}
	return f
}

// pieceSize draws sizes that are as often short as they are long.
func pieceSize(rng *rand.Rand) func() int {
	return func() int {
		n := 1
		for n < maxPiece && rng.IntN(8) != 0 {
			n *= 2
		}
		return 1 + rng.IntN(n)
	}
}

// random returns a source of chance for each direction, so that they do not
// depend on each other.
func random(seed uint64) (sent, received *rand.Rand) {
	return rand.New(rand.NewPCG(seed, 0)), rand.New(rand.NewPCG(seed, 1))
}
