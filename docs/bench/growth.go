package main

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"time"
)

// A Step is how many pairs work at once, and how long that is measured.
type Step struct {
	Pairs, Rounds int
	Slice         time.Duration
}

// steps are longer the more pairs there are, as each needs some operations.
func steps(quick bool) []Step {
	if quick {
		return []Step{{1, 3, 20 * time.Millisecond}, {100, 3, 30 * time.Millisecond}, {1_000, 2, 100 * time.Millisecond}}
	}
	return []Step{
		{1, 15, 40 * time.Millisecond}, {100, 15, 50 * time.Millisecond},
		{1_000, 9, 150 * time.Millisecond}, {10_000, 7, 500 * time.Millisecond},
	}
}

// A Medium is what the pairs of some growers are made of.
type Medium struct {
	Name string
	// Sockets tells that the growers share connections, in turns.
	Sockets  bool
	Growers  []Grower
	Question []Question
}

// A Question is sent, and answered by one byte: one operation.
type Question struct {
	Name string
	Size int
}

// A Grower is a subject that works in many pairs at once.
type Grower struct {
	Name string
	Peer bool
	// PairBytes is what a pair holds, if that decides how many there can be.
	PairBytes int
	// Dial returns the dialer of one turn. next hands out the shared
	// connections.
	Dial func(next func() (a, b net.Conn)) dialer
}

func media() []Medium {
	questions := []Question{{"1 B there and back", 1}, {"16 KiB there, 1 B back", 16 << 10}}
	return []Medium{
		{"TCP", true, []Grower{
			{Name: "background", Dial: func(next func() (a, b net.Conn)) dialer { return streams(bg, socketPair(next)) }},
			{Name: "reused ctx", Dial: func(next func() (a, b net.Conn)) dialer { return streams(reused(), socketPair(next)) }},
			{Name: "net.Conn", Peer: true, Dial: conns},
		}, questions},
		{"memory", false, []Grower{
			{Name: "background", Dial: func(func() (a, b net.Conn)) dialer { return streams(bg, memoryPair) }},
			{Name: "reused ctx", Dial: func(func() (a, b net.Conn)) dialer { return streams(reused(), memoryPair) }},
			{Name: "bufconn", Peer: true, PairBytes: 132_067, Dial: func(func() (a, b net.Conn)) dialer { return conns(bufconnPair) }},
			{Name: "net.Pipe", Peer: true, Dial: func(func() (a, b net.Conn)) dialer { return conns(net.Pipe) }},
		}, questions},
	}
}

// grow measures each medium at each step.
func grow(media []Medium, steps []Step, progress io.Writer) *Growth {
	out := &Growth{Machine: thisMachine()}
	for _, m := range media {
		curves := make([]Curve, len(m.Question))
		for i, q := range m.Question {
			curves[i] = Curve{Medium: m.Name, Name: m.Name + ": " + q.Name}
		}
		for _, step := range steps {
			fmt.Fprintf(progress, "%s: %d pairs\n", m.Name, step.Pairs)
			m.step(step, curves)
		}
		out.Curves = append(out.Curves, curves...)
	}
	return out
}

// step appends a point to each of the curves, which are those of m's questions.
func (m Medium) step(step Step, curves []Curve) {
	pairs, growers, notes := step.Pairs, m.Growers, []string(nil)
	var shared connections
	if m.Sockets {
		pairs = affordable(step.Pairs, descriptors(2*step.Pairs+spareDescriptors))
		if pairs < step.Pairs {
			notes = append(notes, fmt.Sprintf("%d pairs in place of %d: the system allows no more descriptors", pairs, step.Pairs))
		}
		shared.dial(pairs)
		defer shared.close()
	}
	growers, left := fitting(growers, pairs, freeMemory()/4)
	notes = append(notes, left...)
	for i, q := range m.Question {
		turns := takeTurns(growers, &shared, newDriver(pairs, q.Size), step)
		curves[i].Points = append(curves[i].Points, newPoint(pairs, step, growers, turns, notes))
	}
}

// takeTurns lets the growers work in another order each round. Nothing counts of
// their first turn, which gives the runtime the goroutines that it then keeps.
func takeTurns(growers []Grower, shared *connections, d *driver, step Step) [][]Figures {
	turns, order := make([][]Figures, len(growers)), rand.Perm(len(growers))
	for round := range 1 + step.Rounds {
		for _, i := range order {
			shared.used = 0
			figures := d.turn(growers[i].Dial(shared.next), step.Slice)
			if round > 0 {
				figures.Heap += shared.heap
				turns[i] = append(turns[i], figures)
			}
		}
		rand.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	}
	return turns
}

// fitting returns the growers whose pairs fit into memory, and what to say of
// the others.
func fitting(all []Grower, pairs int, memory int64) (fit []Grower, notes []string) {
	for _, g := range all {
		if need := int64(g.PairBytes) * int64(pairs); need > memory {
			notes = append(notes, fmt.Sprintf("%s is left out: %d pairs of it would hold %d MB, more than a quarter of the free memory", g.Name, pairs, need/1e6))
			continue
		}
		fit = append(fit, g)
	}
	return fit, notes
}
