package main

import (
	"slices"
	"time"
)

// A Row is one kind of work, done by several subjects in turns.
type Row struct {
	// Area is the plot in which it stands.
	Area, Name string
	// Unit is of what Subject.Count counts. It is empty if the subjects are
	// timed.
	Unit     string
	Goals    []Goal
	Subjects []Subject
}

// A Goal says what is asked of every subject of a row that is not a peer.
type Goal struct {
	// Peer names the subject that the others are compared with.
	Peer string
	// Most is the largest result that meets the goal. With 0 the two are
	// compared, and nothing is asked.
	Most float64
	By   Comparison
}

// A Comparison is what a Goal limits.
type Comparison int

const (
	Ratio    Comparison = iota // the time, or the count, relative to the peer's
	CPU                        // the CPU time relative to the peer's
	Allocs                     // the allocations less the peer's
	More                       // the count less the peer's
	Absolute                   // the count itself, beside which the peer's only stands
)

// A Subject does the work of a row in its way.
type Subject struct {
	Name string
	// Setup is of a row that is timed.
	Setup setup
	// Took returns how long the last run was if another process works: it has
	// its own clock, and its CPU time and allocations are not known.
	Took func() time.Duration
	// Count takes the place of Setup in a row that has a Unit.
	Count func() float64
}

// A setup prepares a subject. run does the work n times and returns when all of
// it has arrived; cleanup ends what was prepared.
type setup func() (run func(n int), cleanup func())

// peer reports whether the subject name is one that others are compared with.
func (r *Row) peer(name string) bool {
	for _, g := range r.Goals {
		if g.Peer == name {
			return true
		}
	}
	return false
}

// rows are all that is measured. Of memory streams at rest there are pairs.
func rows(pairs int) (all []Row) {
	for _, area := range []struct {
		name string
		rows []Row
	}{
		{"memory", memory()},
		{"messages", messages()},
		{"idle", idle(pairs)},
		{"sockets", append(sockets(), cancelling()...)},
		{"tls", tlsRows()},
		{"services", slices.Concat(relay(), vectors(), bridges(), listeners(pairs/10))},
		{"bufstream", bufstreams()},
	} {
		for _, row := range area.rows {
			row.Area = area.name
			all = append(all, row)
		}
	}
	return all
}

func must[T any](v T, err error) T {
	check(err)
	return v
}

// check ends a run whose work failed: its figures would mean nothing.
func check(err error) {
	if err != nil {
		panic(err)
	}
}
