package main

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestEachDurationFallsIntoItsBucket(t *testing.T) {
	for _, d := range []time.Duration{0, 1, 31, 32, 63, 64, 65, 127, 128, 1000, 123_456, time.Second, time.Minute} {
		var l latencies
		l.add(d)
		for i, n := range l {
			if n == 1 {
				require.LessOrEqual(t, from(i), float64(d))
				require.Greater(t, from(i+1), float64(d))
				require.LessOrEqual(t, from(i+1)-from(i), max(1, float64(d)/32), "a bucket is 3 % wide")
			}
		}
	}
}

func TestDurationsThatNoBucketFits(t *testing.T) {
	var l latencies
	l.add(-1)
	l.add(math.MaxInt64)
	require.Equal(t, uint32(1), l[0])
	require.Equal(t, uint32(1), l[len(l)-1])
}

func TestQuantilesOfAllWorkers(t *testing.T) {
	workers := make([]latencies, 2)
	for i := range 100 {
		workers[i%2].add(time.Duration(i+1) * time.Microsecond)
	}
	found, count := quantiles(workers, 0, 0.5, 0.99, 1)
	require.Equal(t, 100, count)
	for i, want := range []float64{1e3, 50e3, 99e3, 100e3} {
		require.InEpsilon(t, want, found[i], 0.035)
	}

	workers[0].add(time.Hour)
	found, _ = quantiles(workers, 0.5, 1)
	require.InEpsilon(t, 50.5e3, found[0], 0.035, "one that is slow changes the longest only")
	require.Greater(t, found[1], 60e9)

	same := make([]latencies, 1)
	for range 100 {
		same[0].add(1000)
	}
	found, _ = quantiles(same, 0.25, 0.75)
	require.Less(t, found[0], found[1], "within a bucket they lie evenly")

	found, count = quantiles(nil, 0.5)
	require.Zero(t, count)
	require.True(t, math.IsNaN(found[0]))
}
