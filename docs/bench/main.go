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
	grows := flag.Bool("growth", false, "measure how the streams do as they become many, and nothing else")
	anchors := flag.Bool("anchors", false, "measure beside what is installed outside Go, and nothing else")
	flag.Parse()
	work := func() error { return run(*quick, *only, *out) }
	if *grows {
		work = func() error { return runGrowth(*quick, *out) }
	}
	if *anchors {
		work = func() error { return runAnchors(*quick, *out) }
	}
	if err := work(); err != nil {
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
	return report.save(out, "results")
}

func runGrowth(quick bool, out string) error {
	growth := grow(media(), steps(quick), os.Stderr)
	if err := growth.Write(os.Stdout); err != nil || quick {
		return err
	}
	return growth.save(out)
}

// save writes the report, as it was printed and as JSON, and its plots into
// folder. The tables are called name.
func (r *Report) save(folder, name string) error {
	if err := saveTables(folder, name, r); err != nil {
		return err
	}
	return r.plots(folder)
}

// save writes the same of a Growth.
func (g *Growth) save(folder string) error {
	if err := saveTables(folder, "growth", g); err != nil {
		return err
	}
	return g.plots(folder)
}

// saveTables writes name.txt and name.json into folder, which it makes.
func saveTables(folder, name string, tables interface {
	Write(io.Writer) error
	WriteJSON(io.Writer) error
}) error {
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return err
	}
	for ending, write := range map[string]func(io.Writer) error{".txt": tables.Write, ".json": tables.WriteJSON} {
		if err := saveFile(filepath.Join(folder, name+ending), write); err != nil {
			return err
		}
	}
	return nil
}

func saveFile(path string, write func(io.Writer) error) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(write(f), f.Close())
}
