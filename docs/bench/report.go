package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// A Report is what was measured, and where.
type Report struct {
	Machine Machine
	Rounds  int
	Slice   time.Duration
	// Notes tell what else is needed to understand the figures.
	Notes []string `json:",omitempty"`
	Rows  []RowResult
}

// A RowResult is what became of a Row.
type RowResult struct {
	Area, Name, Unit string
	// Timed tells that the CPU time and the allocations are known, too.
	Timed    bool
	Subjects []SubjectResult
}

// A SubjectResult holds medians: of the time in nanoseconds or the count, of the
// CPU time in nanoseconds, and of the allocations, each for one operation.
type SubjectResult struct {
	Name string
	// Outside tells that CPU and Allocs are not known.
	Outside     bool `json:",omitempty"`
	Value       float64
	CPU, Allocs float64
	Verdicts    []Verdict `json:",omitempty"`
}

// A Verdict is how a subject stands against a goal.
type Verdict struct {
	Peer string
	// By is "time" or "CPU" for a ratio to the peer's, "allocs" or "more" for
	// what is beyond the peer's, and "absolute".
	By     string
	Result Spread
	Goal   float64
	// Met is "yes", "no", or "near" if the goal is not met but lies above the
	// lower quartile. It is empty if there is no goal.
	Met string
}

// result compares what measure found.
func (row *Row) result(found []series) RowResult {
	out := RowResult{Area: row.Area, Name: row.Name, Unit: row.Unit, Timed: row.Unit == ""}
	if out.Timed {
		out.Unit = "ns"
	}
	for i, s := range row.Subjects {
		r := SubjectResult{Name: s.Name, Outside: s.Took != nil, Value: quantile(found[i].value, 0.5)}
		if out.Timed && s.Took == nil {
			r.CPU, r.Allocs = quantile(found[i].cpu, 0.5), quantile(found[i].allocs, 0.5)
		}
		for _, g := range row.Goals {
			if row.peer(s.Name) {
				break
			}
			peer := slices.IndexFunc(row.Subjects, func(s Subject) bool { return s.Name == g.Peer })
			r.Verdicts = append(r.Verdicts, g.judge(found[i], found[peer]))
		}
		out.Subjects = append(out.Subjects, r)
	}
	return out
}

func (g Goal) judge(s, peer series) Verdict {
	v := Verdict{Peer: g.Peer, By: [...]string{"time", "CPU", "allocs", "more", "absolute"}[g.By], Goal: g.Most, Met: "no"}
	switch g.By {
	case Ratio:
		v.Result = spreadOf(paired(s.value, peer.value, ratio))
	case CPU:
		v.Result = spreadOf(paired(s.cpu, peer.cpu, ratio))
	case Allocs:
		v.Result = spreadOf(paired(s.allocs, peer.allocs, difference))
	case More:
		v.Result = spreadOf(paired(s.value, peer.value, difference))
	case Absolute:
		v.Result = spreadOf(s.value)
	}
	switch {
	case g.Most == 0:
		v.Met = ""
	case v.Result.Median <= g.Most:
		v.Met = "yes"
	case v.Result.Low <= g.Most:
		v.Met = "near"
	}
	return v
}

// Write writes the goals that were missed, worst first, and a table with a line
// for each goal of each subject.
func (r *Report) Write(w io.Writer) error {
	var table strings.Builder
	t := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "%s\n%d rounds of %v\n", r.Machine, r.Rounds, r.Slice)
	for _, note := range r.Notes {
		fmt.Fprintln(t, note)
	}
	fmt.Fprintln(t, "\nmissed\tsubject\teach\tallocs\tCPU\tpeer\tresult\tquartiles\tgoal\tmet")
	for _, l := range r.missed() {
		l.write(t, l.row.Name, l.subject.cells(l.row))
	}
	fmt.Fprintln(t, "\t\t\t\t\t\t\t\t\t\nrow\tsubject\teach\tallocs\tCPU\tpeer\tresult\tquartiles\tgoal\tmet")
	for _, row := range r.Rows {
		name := row.Name
		for _, s := range row.Subjects {
			cells := s.cells(row)
			if len(s.Verdicts) == 0 {
				fmt.Fprintf(t, "%s\t%s\t\t\t\t\t\n", name, cells)
			}
			for _, v := range s.Verdicts {
				line{row, s, v}.write(t, name, cells)
				name, cells = "", "\t\t\t"
			}
			name = ""
		}
	}
	if err := t.Flush(); err != nil {
		return err
	}
	return writeTrimmed(w, table.String())
}

// writeTrimmed writes a table without the blanks at the ends of its lines.
func writeTrimmed(w io.Writer, table string) error {
	for line := range strings.Lines(table) {
		if _, err := fmt.Fprintln(w, strings.TrimRight(line, " \n")); err != nil {
			return err
		}
	}
	return nil
}

// A line of the table.
type line struct {
	row     RowResult
	subject SubjectResult
	verdict Verdict
}

func (l line) write(w io.Writer, name, cells string) {
	v, unit, peer := l.verdict, l.row.Unit, l.verdict.Peer
	switch v.By {
	case "time", "CPU":
		unit = "×"
	case "allocs":
		unit = ""
	}
	if v.By != "time" {
		peer += " (" + v.By + ")"
	}
	goal := ""
	if v.Goal != 0 {
		goal = "≤ " + amount(v.Goal, unit)
	}
	fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s–%s\t%s\t%s\n", name, cells, peer, amount(v.Result.Median, unit),
		amount(v.Result.Low, ""), amount(v.Result.High, ""), goal, v.Met)
}

func (s SubjectResult) cells(row RowResult) string {
	if !row.Timed || s.Outside {
		return fmt.Sprintf("%s\t%s\t\t", s.Name, amount(s.Value, row.Unit))
	}
	return fmt.Sprintf("%s\t%s\t%s\t%s", s.Name, amount(s.Value, row.Unit), amount(s.Allocs, ""), amount(s.CPU, "ns"))
}

// missed returns the goals that are not met, not even nearly, the farthest from
// its goal first.
func (r *Report) missed() (all []line) {
	for _, row := range r.Rows {
		for _, s := range row.Subjects {
			for _, v := range s.Verdicts {
				if v.Met == "no" {
					all = append(all, line{row, s, v})
				}
			}
		}
	}
	slices.SortStableFunc(all, func(a, b line) int {
		return cmp.Compare(b.verdict.Result.Median/b.verdict.Goal, a.verdict.Result.Median/a.verdict.Goal)
	})
	return all
}

// WriteJSON writes the whole of it.
func (r *Report) WriteJSON(w io.Writer) error { return writeJSON(w, r) }

func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "\t")
	return e.Encode(v)
}

// amount writes x with about three digits.
func amount(x float64, unit string) string {
	if unit == "ns" {
		for _, u := range []struct {
			size float64
			name string
		}{{1e6, "ms"}, {1e3, "µs"}} {
			if x >= u.size {
				return amount(x/u.size, "") + " " + u.name
			}
		}
	}
	if unit == "B" || unit == "ns" {
		unit = " " + unit
	}
	switch {
	case x == 0:
		return "0" + unit
	case x >= 100 || x <= -100:
		return fmt.Sprintf("%.0f", x) + unit
	case x >= 10 || x <= -10:
		return fmt.Sprintf("%.1f", x) + unit
	case x < 0.1 && x > -0.1:
		return fmt.Sprintf("%.3f", x) + unit
	}
	return fmt.Sprintf("%.2f", x) + unit
}
