package main

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Every subject does its work. How fast is not asked here.
func TestEverySubjectRuns(t *testing.T) {
	for _, row := range rows(100) {
		t.Run(row.Name, func(t *testing.T) {
			for _, s := range row.Subjects {
				if row.Unit != "" {
					require.False(t, math.IsNaN(s.Count()), s.Name)
					continue
				}
				run, cleanup := s.Setup()
				run(1)
				run(10)
				cleanup()
			}
		})
	}
}

func TestEveryGoalHasItsPeer(t *testing.T) {
	seen := map[string]bool{}
	for _, row := range rows(100) {
		require.False(t, seen[row.Name], "two rows %q", row.Name)
		seen[row.Name] = true
		require.NotEmpty(t, row.Goals, row.Name)
		names := map[string]bool{}
		for _, s := range row.Subjects {
			require.False(t, names[s.Name], "%s: two subjects %q", row.Name, s.Name)
			names[s.Name] = true
		}
		for _, g := range row.Goals {
			require.True(t, names[g.Peer], "%s: no subject %q", row.Name, g.Peer)
			require.Positive(t, g.Most, row.Name)
		}
	}
}

// The subjects of a row take turns, and each is set up and cleaned up once.
func TestMeasureTakesTurns(t *testing.T) {
	var setups, cleanups int
	var turns []int
	subject := func(me int) Subject {
		return Subject{Name: string(rune('a' + me)), Setup: func() (func(int), func()) {
			setups++
			return func(n int) {
				time.Sleep(time.Duration(n) * 10 * time.Microsecond)
				turns = append(turns, me)
			}, func() { cleanups++ }
		}}
	}
	found := Plan{Rounds: 4, Slice: 100 * time.Microsecond}.measure(Row{Subjects: []Subject{subject(0), subject(1), subject(2)}})
	require.Equal(t, 3, setups)
	require.Equal(t, 3, cleanups)
	require.Len(t, found, 3)
	for _, s := range found {
		require.Len(t, s.value, 4)
		require.Len(t, s.cpu, 4)
		require.Len(t, s.allocs, 4)
	}
	rounds := turns[len(turns)-4*3:]
	for i := range 4 {
		require.ElementsMatch(t, []int{0, 1, 2}, rounds[3*i:3*i+3])
	}
}
