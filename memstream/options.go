package memstream

import (
	"fmt"
	"math"
)

const (
	// Unbounded is the capacity of a stream whose sends never block. Nothing
	// pushes back: what is not received stays in memory.
	Unbounded = -1

	// Lockstep is the capacity of a stream without a buffer: a send returns
	// when its bytes were received. Code that works in lockstep does not
	// depend on a buffer to avoid a deadlock.
	Lockstep = -2

	defaultCapacity = 64 << 10
)

// Options configure a stream.
type Options struct {
	// Capacity is how many bytes each direction holds between sender and
	// receiver. 0 is 64 KiB; [Unbounded] and [Lockstep] are special; any other
	// negative number panics.
	//
	// Memory is taken when bytes are first held, and given back when all of them
	// were received, but for 256 bytes a direction that was used.
	Capacity int
}

// limit returns how many bytes a pipe may hold.
func (o *Options) limit() int {
	switch {
	case o == nil || o.Capacity == 0:
		return defaultCapacity
	case o.Capacity == Unbounded:
		return math.MaxInt
	case o.Capacity == Lockstep:
		return 0
	case o.Capacity < 0:
		panic(fmt.Sprintf("memstream: Options.Capacity is %d; negative it may only be Unbounded (%d) or Lockstep (%d)",
			o.Capacity, Unbounded, Lockstep))
	}
	return o.Capacity
}
