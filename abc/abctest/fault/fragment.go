package fault

import (
	"math/rand/v2"

	"github.com/tributary-go/tributary/abc"
)

// maxPieceBits says how long the pieces of Fragment are at most: 4 KiB.
const maxPieceBits = 12

// Fragment returns s carrying pieces of random sizes, from 1 byte to 4 KiB,
// most of them short. A receive gets no more than the rest of
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

// pieceSize draws sizes of every order of magnitude.
func pieceSize(rng *rand.Rand) func() int {
	return func() int { return 1 + rng.IntN(1<<rng.IntN(maxPieceBits+1)) }
}

// random returns a source of chance for each direction, so that they do not
// depend on each other.
func random(seed uint64) (sent, received *rand.Rand) {
	return rand.New(rand.NewPCG(seed, 0)), rand.New(rand.NewPCG(seed, 1))
}
