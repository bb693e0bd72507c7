package main

import (
	"encoding/json"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Every grower does its work. How fast is not asked here.
func TestEveryGrowerRuns(t *testing.T) {
	g := grow(media(), []Step{{1, 1, time.Millisecond}, {20, 2, time.Millisecond}}, io.Discard)
	require.Len(t, g.Curves, 4)
	for _, c := range g.Curves {
		require.Len(t, c.Points, 2)
		for i, p := range c.Points {
			require.Equal(t, []int{1, 20}[i], p.Pairs)
			require.NotEmpty(t, p.Subjects)
			for _, s := range p.Subjects {
				require.Positive(t, s.Each, s.Name)
				require.Positive(t, s.P50, s.Name)
				require.LessOrEqual(t, s.P50, s.P99, s.Name)
				require.LessOrEqual(t, s.P99, s.Longest, s.Name)
				require.Equal(t, s.Peer, len(s.Against) == 0, s.Name)
			}
		}
	}
}

// A turn ends after an operation of each pair, even if its time is over at once,
// and the operation before its start is not counted.
func TestTurnCountsWhatIsMeasured(t *testing.T) {
	d := newDriver(3, 100)
	for range 2 {
		figures := d.turn(conns(net.Pipe), 0)
		_, count := quantiles(d.took)
		require.Equal(t, 3, count)
		require.GreaterOrEqual(t, figures.Goroutines, 6.0)
		require.Positive(t, figures.Heap)
	}
}

// The growers take turns over the same connections, and the first turn of each
// does not count.
func TestGrowersTakeTurns(t *testing.T) {
	var turns []string
	grower := func(name string) Grower {
		return Grower{Name: name, Dial: func(next func() (a, b net.Conn)) dialer {
			turns = append(turns, name)
			return conns(next)
		}}
	}
	var shared connections
	shared.dial(2)
	defer shared.close()
	require.Positive(t, shared.heap)
	found := takeTurns([]Grower{grower("a"), grower("b")}, &shared, newDriver(2, 1), Step{2, 3, 0})
	require.Len(t, turns, 8)
	for i := 0; i < 8; i += 2 {
		require.ElementsMatch(t, []string{"a", "b"}, turns[i:i+2])
	}
	require.Len(t, found[0], 3)
	require.Len(t, found[1], 3)
	require.GreaterOrEqual(t, found[0][0].Heap, shared.heap, "the connections are a part of it")
}

func TestWhatTheSystemAllows(t *testing.T) {
	require.Equal(t, 10_000, affordable(10_000, 2*10_000+spareDescriptors))
	require.Equal(t, 9_968, affordable(10_000, 20_000))
	require.Equal(t, 100, affordable(100, 1<<30))
	require.Equal(t, 1, affordable(100, 0), "one pair is tried in any case")

	require.GreaterOrEqual(t, descriptors(64), 64)
	require.Positive(t, descriptors(1<<30), "more than any system has is not an error")
}

func TestWhoFitsIntoMemory(t *testing.T) {
	all := []Grower{{Name: "small"}, {Name: "large", PairBytes: 1000}}
	fit, notes := fitting(all, 100, 100_000)
	require.Len(t, fit, 2)
	require.Empty(t, notes)
	fit, notes = fitting(all, 101, 100_000)
	require.Len(t, fit, 1)
	require.Equal(t, "small", fit[0].Name)
	require.Len(t, notes, 1)
	require.Contains(t, notes[0], "large is left out: 101 pairs")
}

func TestFreeMemory(t *testing.T) {
	require.Equal(t, int64(2048<<10), available("MemTotal:  9 kB\nMemAvailable:    2048 kB\n", 7))
	require.Equal(t, int64(7), available("MemTotal:  9 kB\n", 7))
	require.Equal(t, int64(7), available("MemAvailable: many\n", 7))
	require.Positive(t, freeMemory())
}

func exampleGrowth() Growth {
	growers := []Grower{{Name: "ours"}, {Name: "peer", Peer: true}}
	ours := []Figures{{Each: 2000, P50: 4, P99: 8, Longest: 9, CPU: 5, Heap: 300, Goroutines: 3}, {Each: 900, P50: 6, P99: 8, Longest: 9, CPU: 5, Heap: 300, Goroutines: 3}, {Each: 2000, P50: 4, P99: 8, Longest: 9, CPU: 5, Heap: 300, Goroutines: 3}}
	peer := []Figures{{Each: 1000, P50: 2, P99: 8, Longest: 18, CPU: 5, Heap: 100, Goroutines: 3}, {Each: 300, P50: 2, P99: 8, Longest: 18, CPU: 5, Heap: 200, Goroutines: 3}, {Each: 1000, P50: 2, P99: 8, Longest: 18, CPU: 5, Heap: 100, Goroutines: 3}}
	curve := Curve{Medium: "TCP", Name: "TCP: a & b"}
	for _, pairs := range []int{1, 9_968} {
		curve.Points = append(curve.Points, newPoint(pairs, Step{10_000, 3, time.Millisecond}, growers, [][]Figures{ours, peer}, []string{"a note"}))
	}
	return Growth{Machine: Machine{CPU: "an <old> CPU", Procs: 2, Go: "go1.25"}, Curves: []Curve{curve}}
}

func TestGrowthTable(t *testing.T) {
	g := exampleGrowth()
	var out strings.Builder
	require.NoError(t, g.Write(&out))
	lines := strings.Split(out.String(), "\n")
	for i, line := range lines {
		lines[i] = strings.Join(strings.Fields(line), " ")
	}
	require.Contains(t, lines[0], "2 × an <old> CPU")
	require.Contains(t, lines[1], "3 of 1ms at 9968 pairs")
	ours := "ours 500000 4.00 ns 8.00 ns 9.00 ns 5.00 ns 300 B 0 B 3 peer 2.00× 2.00–2.50 2.00× 1.00× 0.50× 1.00× +200 B"
	peer := "peer 1000000 2.00 ns 8.00 ns 18.0 ns 5.00 ns 100 B 0 B 3"
	require.Equal(t, []string{"1 " + ours, peer, "9968 " + ours, peer, "a note", "a note"}, lines[5:11])
}

func TestGrowthFiles(t *testing.T) {
	folder, want := t.TempDir(), exampleGrowth()
	require.NoError(t, want.save(folder))
	text, err := os.ReadFile(filepath.Join(folder, "growth.json"))
	require.NoError(t, err)
	var got Growth
	require.NoError(t, json.Unmarshal(text, &got))
	require.Equal(t, want, got)
	require.FileExists(t, filepath.Join(folder, "growth.txt"))
	shown := svgText(t, filepath.Join(folder, "growth-tcp.svg"))
	for _, text := range []string{"TCP: a & b", "ours", "peer", "operations a second", "99th percentile", "9.97 k", "an <old> CPU", "go1.25"} {
		require.Contains(t, shown, text)
	}
}

func TestAxes(t *testing.T) {
	require.Equal(t, []float64{1, 2, 5, 10}, ticks(0.9, 11))
	require.Equal(t, []float64{1, 10, 100, 1000}, ticks(0.5, 2000))
	require.Equal(t, []float64{0.2, 0.5, 1, 2, 5}, ticks(0.19, 5.3))
	for want, got := range map[string]string{
		"500":    axisAmount(500, ""),
		"20 k":   axisAmount(20_000, ""),
		"1 M":    axisAmount(999_999.9, ""),
		"500 ns": axisAmount(500, "ns"),
		"2 s":    axisAmount(2e9, "ns"),
		"100 s":  axisAmount(1e11, "ns"),
		"3 kB":   axisAmount(3000, "B"),
	} {
		require.Equal(t, want, got)
	}
}

// A line has a mark for each step at which its subject took part, and lies
// within its panel.
func TestLinesOfAPanel(t *testing.T) {
	g := exampleGrowth()
	c := g.Curves[0]
	c.Points[1].Subjects = c.Points[1].Subjects[:1] // the peer is left out
	p := newPanel("time", "ns", timeOf, c, []string{"ours", "peer"}, 50, 100)
	require.Len(t, p.Lines[0].Marks, 2)
	require.Len(t, p.Lines[1].Marks, 1)
	require.Less(t, p.Lines[1].Marks[0].Y, p.Bottom)
	require.Less(t, p.Lines[0].Marks[0].Y, p.Lines[1].Marks[0].Y, "more is above")
	require.Less(t, p.Lines[0].Marks[0].X, p.Lines[0].Marks[1].X)
	for _, l := range p.Lines {
		for _, m := range l.Marks {
			require.True(t, p.Left < m.X && m.X < p.Right && p.Top < m.Y && m.Y < p.Bottom)
		}
	}
	require.InDelta(t, 10, p.highY/p.lowY, 1e-9, "a decade at least")
}
