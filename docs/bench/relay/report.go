//go:build linux

package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// A report is what was measured, and where.
type report struct {
	Machine string
	Rounds  int
	Took    string
	Missing []string `json:",omitempty"` // programs that are not installed
	Rows    []*row
	plan    plan
}

// A row is one measure with so many connections, plain or over TLS, of all
// programs.
type row struct {
	Measure, Unit string
	TLS           bool
	Conns         int
	Programs      []result
}

// A result is a program in a row.
type result struct {
	Program  string
	Samples  samples  // a number a round, NaN of a failure
	Failures []string `json:",omitempty"`
	// Ratio is relay's figure divided by this program's in the same round, so
	// below 1 relay is better: quartiles and median.
	Low, Ratio, High float64 `json:",omitempty"`
}

type samples []float64

// MarshalJSON writes NaN as null.
func (s samples) MarshalJSON() ([]byte, error) {
	values := make([]any, len(s))
	for i, x := range s {
		if !math.IsNaN(x) {
			values[i] = x
		}
	}
	return json.Marshal(values)
}

// measures are the fields of a sample.
var measures = []struct {
	name, unit string
	of         func(sample) float64
	noOne      bool // means nothing for one connection
}{
	{"transfer", "ms/GiB", func(s sample) float64 { return s.Transfer }, false},
	{"CPU time", "ms/GiB", func(s sample) float64 { return s.CPU }, false},
	{"new connection", "µs", func(s sample) float64 { return s.Connect }, false},
	{"memory", "KiB/conn", func(s sample) float64 { return s.Memory }, true},
	{"memory after use", "KiB/conn", func(s sample) float64 { return s.Used }, true},
}

func newReport(p plan, subjects []subject, missing []string) *report {
	r := &report{Machine: machine(), Rounds: p.rounds, Missing: missing, plan: p}
	for _, tls := range []bool{false, true} {
		for _, m := range measures {
			for _, n := range p.conns {
				if m.noOne && n == 1 {
					continue
				}
				w := &row{Measure: m.name, Unit: m.unit, TLS: tls, Conns: n}
				for _, s := range subjects {
					if s.tls == tls {
						w.Programs = append(w.Programs, result{Program: s.program})
					}
				}
				if len(w.Programs) > 0 {
					r.Rows = append(r.Rows, w)
				}
			}
		}
	}
	return r
}

// add keeps a sample of a round; each subject has one for each round, of a
// failure too.
func (r *report) add(s subject, n int, found sample, err error) {
	for _, w := range r.Rows {
		if w.TLS != s.tls || w.Conns != n {
			continue
		}
		i := slices.IndexFunc(w.Programs, func(p result) bool { return p.Program == s.program })
		p := &w.Programs[i]
		value := math.NaN()
		if err != nil {
			p.Failures = append(p.Failures, err.Error())
		} else {
			for _, m := range measures {
				if m.name == w.Measure {
					value = m.of(found)
				}
			}
		}
		p.Samples = append(p.Samples, value)
	}
}

// conclude computes the ratios and sorts: the row that relay loses by most comes
// first.
func (r *report) conclude() {
	for _, w := range r.Rows {
		relay := w.Programs[0].Samples
		for i := range w.Programs {
			p := &w.Programs[i]
			var ratios []float64
			for round, value := range p.Samples {
				if x := relay[round] / max(value, 1e-9); i > 0 && !math.IsNaN(x) && value > 0 && relay[round] > 0 {
					ratios = append(ratios, x)
				}
			}
			p.Low, p.Ratio, p.High = quantile(ratios, 0.25), quantile(ratios, 0.5), quantile(ratios, 0.75)
		}
	}
	slices.SortStableFunc(r.Rows, func(a, b *row) int { return cmp.Compare(b.worst().Ratio, a.worst().Ratio) })
}

// worst is the peer that is best, so that relay compares worst.
func (w *row) worst() (best result) {
	for _, p := range w.Programs[1:] {
		if p.Program != bare && p.Ratio > best.Ratio {
			best = p
		}
	}
	return best
}

func (w *row) name() string {
	mode := "plain"
	if w.TLS {
		mode = "TLS"
	}
	return fmt.Sprintf("%s, %s, %d conns", w.Measure, mode, w.Conns)
}

// quantile returns 0 of no samples, NaN being none.
func quantile(samples []float64, q float64) float64 {
	sorted := slices.DeleteFunc(slices.Sorted(slices.Values(samples)), math.IsNaN)
	if len(sorted) == 0 {
		return 0
	}
	at := q * float64(len(sorted)-1)
	below := int(at)
	above := min(below+1, len(sorted)-1)
	return sorted[below] + (at-float64(below))*(sorted[above]-sorted[below])
}

// write writes the table.
func (r *report) write(out io.Writer) error {
	var table strings.Builder
	t := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "%s\n%d rounds in %s, medians; less is better in each row. Where relay loses by most comes first.\nbare is the same in Go without the library: net, crypto/tls and io.Copy.\n", r.Machine, r.Rounds, r.Took)
	if len(r.Missing) > 0 {
		fmt.Fprintf(t, "not installed: %s\n", strings.Join(r.Missing, ", "))
	}
	fmt.Fprint(t, "\nrow\tunit\tbest peer\trelay to it\tquartiles\tto bare")
	var names []string
	for _, p := range programs {
		if !slices.Contains(r.Missing, p.name) {
			names = append(names, p.name)
			fmt.Fprint(t, "\t", p.name)
		}
	}
	fmt.Fprintln(t)
	for _, w := range r.Rows {
		best := w.worst()
		fmt.Fprintf(t, "%s\t%s\t", w.name(), w.Unit)
		if best.Ratio > 0 {
			fmt.Fprintf(t, "%s\t%.2f×\t%.2f–%.2f", best.Program, best.Ratio, best.Low, best.High)
		} else {
			fmt.Fprint(t, "-\t-\t-")
		}
		fmt.Fprint(t, "\t", w.toBare())
		for _, name := range names {
			fmt.Fprint(t, "\t", w.cell(name))
		}
		fmt.Fprintln(t)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for line := range strings.Lines(table.String()) {
		if _, err := fmt.Fprintln(out, strings.TrimRight(line, " \n")); err != nil {
			return err
		}
	}
	return r.writeFailures(out)
}

// toBare is relay's figure relative to that of bare.
func (w *row) toBare() string {
	for _, p := range w.Programs {
		if p.Program == bare && p.Ratio > 0 {
			return fmt.Sprintf("%.2f×", p.Ratio)
		}
	}
	return "-"
}

func (w *row) cell(program string) string {
	for _, p := range w.Programs {
		if p.Program != program {
			continue
		}
		if len(p.Failures) == len(p.Samples) {
			return "failed"
		}
		return amount(quantile(p.Samples, 0.5))
	}
	return "-"
}

func (r *report) writeFailures(out io.Writer) error {
	seen := map[string]bool{}
	for _, w := range r.Rows {
		for _, p := range w.Programs {
			for _, f := range p.Failures {
				line := fmt.Sprintf("failed: %s, TLS %v, %d conns: %s", p.Program, w.TLS, w.Conns, f)
				if seen[line] {
					continue
				}
				seen[line] = true
				if _, err := fmt.Fprintln(out, line); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (r *report) writeJSON(out io.Writer) error {
	e := json.NewEncoder(out)
	e.SetIndent("", "\t")
	return e.Encode(r)
}

// amount writes x with three digits at least.
func amount(x float64) string {
	switch {
	case x >= 100:
		return fmt.Sprintf("%.0f", x)
	case x >= 10:
		return fmt.Sprintf("%.1f", x)
	}
	return fmt.Sprintf("%.2f", x)
}

func machine() string {
	model := "unknown CPU"
	info, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(info)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			model = strings.TrimSpace(value)
		}
	}
	kernel, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	return fmt.Sprintf("%d × %s, kernel %s, %s, %s", runtime.NumCPU(), model, strings.TrimSpace(string(kernel)),
		runtime.Version(), time.Now().UTC().Format(time.DateOnly))
}
