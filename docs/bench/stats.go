package main

import (
	"math"
	"slices"
)

// quantile returns the value below which the fraction q of the samples lies,
// between the two nearest ones if it falls there.
func quantile(samples []float64, q float64) float64 {
	if len(samples) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(samples))
	at := q * float64(len(sorted)-1)
	below := int(at)
	above := min(below+1, len(sorted)-1)
	return sorted[below] + (at-float64(below))*(sorted[above]-sorted[below])
}

// A Spread is a median with its quartiles.
type Spread struct{ Low, Median, High float64 }

func spreadOf(samples []float64) Spread {
	return Spread{quantile(samples, 0.25), quantile(samples, 0.5), quantile(samples, 0.75)}
}

// paired applies f to the samples of each round.
func paired(a, b []float64, f func(a, b float64) float64) []float64 {
	out := make([]float64, len(a))
	for i := range a {
		out[i] = f(a[i], b[i])
	}
	return out
}

func ratio(a, b float64) float64      { return a / b }
func difference(a, b float64) float64 { return a - b }
