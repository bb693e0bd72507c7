//go:build linux

// Command relay measures docs/examples/relay beside programs that do the same:
// socat, stunnel, haproxy, nginx and ghostunnel, those of them that are
// installed, and beside the least that a relay in Go could do. It writes a table
// and a plot for the README of relay.
//
// The clients and the server run in this process. Each slice starts a program
// anew, and all of them take turns in each round.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// A plan is how much is measured.
type plan struct {
	rounds int
	conns  []int
	plain  int64 // bytes of a transfer, over all connections
	tls    int64
	// visiting is how long connections come and go.
	visiting time.Duration
	// Once limit is over no further round begins, and at the end nothing more.
	limit, end time.Duration
}

var errNoTime = errors.New("there was no time left")

func main() {
	quick := flag.Bool("quick", false, "one short round; writes no files but to -out")
	out := flag.String("out", "", "the `folder` of results.txt, results.json and results.svg; ../examples/relay if not -quick")
	flag.Parse()
	if *out == "" && !*quick {
		*out = "../examples/relay"
	}
	if err := run(*quick, *out); err != nil {
		fmt.Fprintln(os.Stderr, "bench/relay:", err)
		os.Exit(1)
	}
}

func run(quick bool, out string) error {
	p := plan{rounds: 5, conns: []int{1, 100, 2000}, plain: 512 << 20, tls: 256 << 20, visiting: 300 * time.Millisecond, limit: 180 * time.Second, end: 240 * time.Second}
	if quick {
		p = plan{rounds: 1, conns: []int{1, 100}, plain: 64 << 20, tls: 32 << 20, visiting: 50 * time.Millisecond, end: 200 * time.Second}
	}
	folder, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	e := &environment{folder: folder}
	if err := e.prepare(); err != nil {
		return err
	}
	subjects, missing := e.subjects()
	began := time.Now()
	failed := map[string]error{} // they would take their patience again
	r := newReport(p, subjects, missing)
	for round := range p.rounds {
		for _, n := range p.conns {
			if round > 0 && (time.Since(began) > p.limit || n >= many && round > 1) {
				continue // the largest take longest
			}
			for _, i := range rand.Perm(len(subjects)) {
				fmt.Fprintf(os.Stderr, "round %d of %d, %d connections, %s\n", round+1, p.rounds, n, subjects[i].name())
				if time.Since(began) > p.end {
					r.add(subjects[i], n, sample{}, errNoTime)
					continue
				}
				key := fmt.Sprint(subjects[i].name(), n)
				if failed[key] != nil {
					r.add(subjects[i], n, sample{}, failed[key])
					continue
				}
				sample, err := e.slice(p, subjects[i], n)
				if failed[key] = err; err != nil {
					fmt.Fprintln(os.Stderr, "  failed:", err)
				}
				r.add(subjects[i], n, sample, err)
			}
		}
	}
	r.conclude()
	r.Took = time.Since(began).Round(time.Second).String()
	if err := r.write(os.Stdout); err != nil || out == "" {
		return err
	}
	return r.save(out)
}

// save writes the report as text, as JSON and as a plot.
func (r *report) save(folder string) error {
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return err
	}
	for name, write := range map[string]func(io.Writer) error{
		"results.txt": r.write, "results.json": r.writeJSON, "results.svg": r.plot,
	} {
		f, err := os.Create(filepath.Join(folder, name))
		if err != nil {
			return err
		}
		if err := errors.Join(write(f), f.Close()); err != nil {
			return err
		}
	}
	return nil
}

// prepare builds what is ours, and makes a certificate for all.
func (e *environment) prepare() error {
	e.relay, e.bare = filepath.Join(e.folder, "relay"), filepath.Join(e.folder, "bare")
	for file, pkg := range map[string]string{
		e.relay: "github.com/tributary-go/tributary/docs/examples/relay",
		e.bare:  "github.com/tributary-go/tributary/docs/bench/relay/bare",
	} {
		if out, err := exec.Command("go", "build", "-o", file, pkg).CombinedOutput(); err != nil {
			return fmt.Errorf("building %s: %w: %s", pkg, err, out)
		}
	}
	return e.issueCertificate()
}
