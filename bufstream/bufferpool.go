package bufstream

import (
	"math/bits"
	"sync"
)

// The arrays of buffers are powers of two in size, and come from pools. What is
// larger than the largest pool's is left to the garbage collector.
const (
	smallest = 512
	largest  = 16 << 20
)

var pools [15 + 1]sync.Pool // 512 B to 16 MiB, of *[]byte

// arraySize returns the size of the array for n bytes.
func arraySize(n int) int {
	if n <= smallest {
		return smallest
	}
	return 1 << bits.Len(uint(n-1))
}

func poolOf(size int) *sync.Pool { return &pools[bits.TrailingZeros(uint(size/smallest))] }

// newArray returns an array of a size that arraySize returned. The pointer goes
// with it to freeArray, so that the pools need not allocate.
func newArray(size int) *[]byte {
	if size <= largest {
		if a, ok := poolOf(size).Get().(*[]byte); ok {
			return a
		}
	}
	a := make([]byte, size)
	return &a
}

// freeArray takes back an array that nobody looks at any more.
func freeArray(a *[]byte) {
	if len(*a) <= largest {
		poolOf(len(*a)).Put(a)
	}
}
