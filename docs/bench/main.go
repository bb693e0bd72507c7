// Command bench measures the streams beside what they compete with, and draws
// what it finds. docs/performance.md tells how to read it.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"time"
)

func main() {
	quick := flag.Bool("quick", false, "fewer and shorter rounds; writes no files")
	only := flag.String("run", "", "measure the rows that match this `regexp`; writes no files")
	out := flag.String("out", "../performance", "the folder of results.json and the plots")
	flag.Parse()
	if err := run(*quick, *only, *out); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(quick bool, only, out string) error {
	match, err := regexp.Compile(only)
	if err != nil {
		return err
	}
	plan, pairs := Plan{Rounds: 31, Slice: 20 * time.Millisecond}, 10_000
	if quick {
		plan, pairs = Plan{Rounds: 7, Slice: 5 * time.Millisecond}, 1_000
	}
	report := Report{Machine: thisMachine(), Rounds: plan.Rounds, Slice: plan.Slice}
	for _, row := range rows(pairs) {
		if !match.MatchString(row.Name) {
			continue
		}
		fmt.Fprintln(os.Stderr, row.Name)
		report.Rows = append(report.Rows, row.result(plan.measure(row)))
	}
	if err := report.Write(os.Stdout); err != nil || quick || only != "" {
		return err
	}
	return report.save(out)
}

// save writes the report, as it was printed and as JSON, and its plots into
// folder.
func (r *Report) save(folder string) error {
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return err
	}
	for name, write := range map[string]func(io.Writer) error{"results.txt": r.Write, "results.json": r.WriteJSON} {
		f, err := os.Create(filepath.Join(folder, name))
		if err != nil {
			return err
		}
		if err := errors.Join(write(f), f.Close()); err != nil {
			return err
		}
	}
	return r.plots(folder)
}
