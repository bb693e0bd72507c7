package main

import (
	"math/rand/v2"
	"runtime"
	"time"
)

// A Plan is how long it takes.
type Plan struct {
	Rounds int
	Slice  time.Duration
}

// series is what one subject needed for each operation, a number a round.
type series struct {
	value, cpu, allocs []float64
}

// measure runs the subjects of a row in turns, in another order each round, so
// that what disturbs the machine disturbs all of them.
func (p Plan) measure(row Row) []series {
	out := make([]series, len(row.Subjects))
	order := rand.Perm(len(row.Subjects))
	if row.Unit != "" {
		rounds := p.Rounds
		if row.Unit == "B" {
			rounds = min(rounds, 5) // they hardly differ
		}
		for range rounds {
			for _, i := range order {
				out[i].value = append(out[i].value, row.Subjects[i].Count())
			}
			rand.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		}
		return out
	}
	runs, sizes := make([]stopwatch, len(out)), make([]int, len(out))
	for i, s := range row.Subjects {
		run, cleanup := s.Setup()
		defer cleanup()
		runs[i] = s.timed(run)
		sizes[i] = p.operations(runs[i])
	}
	for range p.Rounds {
		runtime.GC() // nobody pays for what the last one left
		for _, i := range order {
			out[i].slice(runs[i], sizes[i])
		}
		rand.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	}
	return out
}

// A stopwatch does the work n times and returns how long that took.
type stopwatch func(n int) time.Duration

func (s Subject) timed(run func(n int)) stopwatch {
	return func(n int) time.Duration {
		start := time.Now()
		run(n)
		if s.Took != nil {
			return s.Took()
		}
		return time.Since(start)
	}
}

// fewest is how often at least a subject works in a slice, so that the beginning
// of it is a part only.
const fewest = 5

// operations warms run up, and returns how many of it fill a slice.
func (p Plan) operations(run stopwatch) int {
	for n := 1; ; n *= 2 {
		if took := run(n); took >= p.Slice/2 || n >= 1<<30 {
			return max(fewest, int(float64(n)*float64(p.Slice)/float64(took)))
		}
	}
}

func (s *series) slice(run stopwatch, n int) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	cpu := cpuTime()
	took := run(n)
	used := cpuTime() - cpu
	runtime.ReadMemStats(&after)
	each := func(x float64) float64 { return x / float64(n) }
	s.value = append(s.value, each(float64(took)))
	s.cpu = append(s.cpu, each(float64(used)))
	s.allocs = append(s.allocs, each(float64(after.Mallocs-before.Mallocs)))
}
