package main

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestQuantile(t *testing.T) {
	samples := []float64{9, 1, 5, 3, 7}
	require.Equal(t, 1.0, quantile(samples, 0))
	require.Equal(t, 5.0, quantile(samples, 0.5))
	require.Equal(t, 9.0, quantile(samples, 1))
	require.Equal(t, []float64{9, 1, 5, 3, 7}, samples, "the samples are left as they are")
	require.InDelta(t, 2.5, quantile([]float64{1, 2, 3, 4}, 0.5), 1e-9)
	require.Equal(t, 4.0, quantile([]float64{4}, 0.99))
	require.True(t, math.IsNaN(quantile(nil, 0.5)))
}

func TestSpread(t *testing.T) {
	require.Equal(t, Spread{Low: 2, Median: 3, High: 4}, spreadOf([]float64{5, 4, 3, 2, 1}))
}

// A round that is slow for both sides has no part in the ratio.
func TestRatiosAreOfTheSameRound(t *testing.T) {
	ours, peer := series{value: []float64{2, 200, 3}}, series{value: []float64{1, 100, 2}}
	v := Goal{Peer: "peer", Most: 2}.judge(ours, peer)
	require.Equal(t, Spread{Low: 1.75, Median: 2, High: 2}, v.Result)
}

func TestVerdicts(t *testing.T) {
	ours := series{value: []float64{10, 20, 30}, cpu: []float64{8, 8, 8}, allocs: []float64{2, 3, 3}}
	peer := series{value: []float64{10, 10, 10}, cpu: []float64{2, 4, 8}, allocs: []float64{0, 0, 0}}
	for name, c := range map[string]struct {
		goal   Goal
		result Spread
		met    string
	}{
		"met":            {Goal{Most: 2}, Spread{1.5, 2, 2.5}, "yes"},
		"near":           {Goal{Most: 1.6}, Spread{1.5, 2, 2.5}, "near"},
		"missed":         {Goal{Most: 1}, Spread{1.5, 2, 2.5}, "no"},
		"CPU time":       {Goal{Most: 2, By: CPU}, Spread{1.5, 2, 3}, "yes"},
		"allocations":    {Goal{Most: 3, By: Allocs}, Spread{2.5, 3, 3}, "yes"},
		"more than peer": {Goal{Most: 10, By: More}, Spread{5, 10, 15}, "yes"},
		"absolute":       {Goal{Most: 10, By: Absolute}, Spread{15, 20, 25}, "no"},
	} {
		t.Run(name, func(t *testing.T) {
			v := c.goal.judge(ours, peer)
			require.Equal(t, c.result, v.Result)
			require.Equal(t, c.met, v.Met)
		})
	}
}
