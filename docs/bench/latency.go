package main

import (
	"math"
	"math/bits"
	"time"
)

// latencies counts durations by their size, to within 3 %: 32 buckets to each
// doubling. A worker counts into one of its own, which costs the same for a
// thousand operations and for a million.
type latencies [1024]uint32

func (l *latencies) add(d time.Duration) {
	v := uint64(max(d, 0))
	shift := max(bits.Len64(v)-6, 0)
	l[min(32*shift+int(v>>shift), len(l)-1)]++
}

// from returns the least duration that bucket i counts.
func from(i int) float64 {
	shift := max(i/32-1, 0)
	return math.Ldexp(float64(i-32*shift), shift)
}

// quantiles returns the nanoseconds below which each fraction of what all have
// counted lies, and how much they have counted.
func quantiles(all []latencies, fractions ...float64) (found []float64, count int) {
	var sum [len(latencies{})]int
	for i := range all {
		for b, n := range all[i] {
			sum[b] += int(n)
			count += int(n)
		}
	}
	for _, q := range fractions {
		found = append(found, math.NaN())
		rest := q * float64(count)
		for b, n := range sum {
			if n > 0 && rest <= float64(n) {
				// As if they lay evenly in the bucket.
				found[len(found)-1] = from(b) + rest/float64(n)*(from(b+1)-from(b))
				break
			}
			rest -= float64(n)
		}
	}
	return found, count
}
