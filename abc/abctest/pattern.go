package abctest

import (
	"fmt"
	"math/rand/v2"
	"sync"
)

// pattern is what is sent where it matters which byte arrives: the byte at an
// offset of the stream is that of the pattern, repeated. Its length is a
// prime, so that no lost or doubled block goes unnoticed.
var pattern = sync.OnceValue(func() []byte {
	p := make([]byte, 65521)
	rng := newRand(0)
	for i := range p {
		p[i] = byte(rng.Uint32())
	}
	return p
})

// newRand is seeded, so that a failure can be repeated.
func newRand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0x7472696275746172)) }

// fill writes to p what belongs at offset.
func fill(p []byte, offset int) {
	all := pattern()
	for n := 0; n < len(p); {
		n += copy(p[n:], all[(offset+n)%len(all):])
	}
}

// wantPattern checks that p is what belongs at offset.
func (t *trial) wantPattern(p []byte, offset int) {
	all := pattern()
	for i, b := range p {
		if want := all[(offset+i)%len(all)]; b != want {
			t.fail(fmt.Sprintf("the byte at offset %d to be %#02x", offset+i, want), "it was %#02x", b)
		}
	}
}

// huge is more than any transport takes while nobody receives. It is never
// written to, so that it takes no memory.
var huge = sync.OnceValue(func() []byte { return make([]byte, 64<<20) })

// canaried returns a buffer of n bytes with other bytes before and after, in
// its capacity too, and a function that reports whether they are unchanged.
func canaried(n int) (p []byte, intact func() bool) {
	const margin, canary = 16, 0xC5
	all := make([]byte, n+2*margin)
	for i := range all {
		all[i] = canary
	}
	return all[margin : margin+n], func() bool {
		for i := range margin {
			if all[i] != canary || all[margin+n+i] != canary {
				return false
			}
		}
		return true
	}
}
