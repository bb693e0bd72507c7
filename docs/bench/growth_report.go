package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// A Growth is what became of some subjects as they were more and more.
type Growth struct {
	Machine Machine
	Curves  []Curve
}

// A Curve is one kind of work at each step.
type Curve struct {
	Medium, Name string
	Points       []GrowthPoint
}

// A GrowthPoint is a Step of a Curve.
type GrowthPoint struct {
	// Pairs were at work. Notes tell why they are fewer than were asked for,
	// and who is missing.
	Pairs, Rounds int
	Slice         time.Duration
	Notes         []string `json:",omitempty"`
	Subjects      []GrownSubject
}

// A GrownSubject holds medians of its turns, and how these were relative to
// each peer's in the same round.
type GrownSubject struct {
	Name string
	Peer bool
	Figures
	Against []Against `json:",omitempty"`
}

// Figures are what was found in a turn.
type Figures struct {
	// Each is the time divided by the operations of all pairs; P50, P99 and
	// Longest are what an operation took, and CPU what the process computed for
	// it, all in nanoseconds.
	Each, P50, P99, Longest, CPU float64
	// Heap and Stack are the bytes that each pair held, the goroutines of the
	// benchmark included, while one end waited to receive.
	Heap, Stack float64
	// Goroutines are those of the whole process at that time.
	Goroutines float64
}

// An Against compares with a peer. More are the bytes by which the subject's
// heap was larger, a pair.
type Against struct {
	Peer                         string
	Time, P50, P99, Longest, CPU Spread
	More                         float64
}

func newPoint(pairs int, step Step, growers []Grower, turns [][]Figures, notes []string) GrowthPoint {
	out := GrowthPoint{Pairs: pairs, Rounds: step.Rounds, Slice: step.Slice, Notes: notes}
	for i, g := range growers {
		s := GrownSubject{Name: g.Name, Peer: g.Peer, Figures: median(turns[i])}
		for j, peer := range growers {
			if peer.Peer && !g.Peer {
				s.Against = append(s.Against, against(peer.Name, turns[i], turns[j]))
			}
		}
		out.Subjects = append(out.Subjects, s)
	}
	return out
}

func median(turns []Figures) Figures {
	of := func(f func(Figures) float64) float64 { return quantile(each(turns, f), 0.5) }
	return Figures{
		Each: of(timeOf), P50: of(p50Of), P99: of(p99Of), Longest: of(longestOf), CPU: of(cpuOf),
		Heap: of(heapOf), Stack: of(func(f Figures) float64 { return f.Stack }),
		Goroutines: of(func(f Figures) float64 { return f.Goroutines }),
	}
}

func against(peer string, ours, theirs []Figures) Against {
	of := func(f func(Figures) float64) Spread {
		return spreadOf(paired(each(ours, f), each(theirs, f), ratio))
	}
	return Against{
		Peer: peer, Time: of(timeOf), P50: of(p50Of), P99: of(p99Of), Longest: of(longestOf), CPU: of(cpuOf),
		More: quantile(paired(each(ours, heapOf), each(theirs, heapOf), difference), 0.5),
	}
}

func timeOf(f Figures) float64    { return f.Each }
func p50Of(f Figures) float64     { return f.P50 }
func p99Of(f Figures) float64     { return f.P99 }
func longestOf(f Figures) float64 { return f.Longest }
func cpuOf(f Figures) float64     { return f.CPU }
func heapOf(f Figures) float64    { return f.Heap }

func each(turns []Figures, f func(Figures) float64) (all []float64) {
	for _, t := range turns {
		all = append(all, f(t))
	}
	return all
}

// Write writes a table for each curve, with a line for each peer of each
// subject.
func (g *Growth) Write(w io.Writer) error {
	var text strings.Builder
	t := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "%s\n%s\n", g.Machine, g.plan())
	for _, c := range g.Curves {
		fmt.Fprintf(t, "\n%s\n", c.Name)
		fmt.Fprintln(t, "pairs\tsubject\tops/s\tp50\tp99\tlongest\tCPU\theap/pair\tstack/pair\tgoroutines\tpeer\ttime\tquartiles\tp50\tp99\tlongest\tCPU\theap")
		for _, p := range c.Points {
			p.write(t)
		}
		for _, p := range c.Points {
			for _, note := range p.Notes {
				fmt.Fprintln(t, note)
			}
		}
	}
	if err := t.Flush(); err != nil {
		return err
	}
	return writeTrimmed(w, text.String())
}

func (p GrowthPoint) write(t io.Writer) {
	pairs := fmt.Sprint(p.Pairs)
	for _, s := range p.Subjects {
		cells := fmt.Sprintf("%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%.0f", s.Name, amount(1e9/s.Each, ""),
			amount(s.P50, "ns"), amount(s.P99, "ns"), amount(s.Longest, "ns"),
			amount(s.CPU, "ns"), amount(s.Heap, "B"), amount(s.Stack, "B"), s.Goroutines)
		if len(s.Against) == 0 {
			fmt.Fprintf(t, "%s\t%s\t\t\t\t\t\t\t\n", pairs, cells)
		}
		for _, a := range s.Against {
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s–%s\t%s\t%s\t%s\t%s\t%+.0f B\n", pairs, cells, a.Peer, amount(a.Time.Median, "×"),
				amount(a.Time.Low, ""), amount(a.Time.High, ""), amount(a.P50.Median, "×"), amount(a.P99.Median, "×"),
				amount(a.Longest.Median, "×"), amount(a.CPU.Median, "×"), a.More)
			pairs, cells = "", "\t\t\t\t\t\t\t\t"
		}
		pairs = ""
	}
}

// plan tells how long was measured, which is the same for each curve.
func (g *Growth) plan() string {
	var parts []string
	for _, p := range g.Curves[0].Points {
		parts = append(parts, fmt.Sprintf("%d of %v at %d", p.Rounds, p.Slice, p.Pairs))
	}
	return "rounds: " + strings.Join(parts, ", ") + " pairs; each pair has one operation in flight"
}

// WriteJSON writes the whole of it.
func (g *Growth) WriteJSON(w io.Writer) error { return writeJSON(w, g) }
