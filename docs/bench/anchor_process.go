package main

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"
)

// An anchor is a program outside Go that does the same work as a subject. It
// waits for its turn. anchors/protocol.py tells what is said.
type anchor struct {
	Name    string
	Version string
	works   []string
	took    time.Duration // the last run, by the program's own clock
	cmd     *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Reader
	stderr  *bytes.Buffer
}

// startAnchor starts a program and waits for its greeting.
func startAnchor(name string, cmd *exec.Cmd) (*anchor, error) {
	a := &anchor{Name: name, cmd: cmd, stderr: new(bytes.Buffer)}
	cmd.Stderr = a.stderr
	var err error
	if a.in, err = cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	a.out = bufio.NewReader(out)
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	greeting, err := a.line()
	if err != nil {
		a.close()
		return nil, cmp.Or(lastLine(a.stderr.String()), err)
	}
	var works string
	a.Version, works, _ = strings.Cut(greeting, "\t")
	a.works = strings.Fields(works)
	return a, nil
}

// subject lets the program do a work.
func (a *anchor) subject(work string) Subject {
	return Subject{
		Name: a.Name,
		Setup: func() (func(int), func()) {
			return func(n int) { check(a.run(work, n)) }, func() {}
		},
		Took: func() time.Duration { return a.took },
	}
}

func (a *anchor) run(work string, n int) error {
	var answer string
	_, err := fmt.Fprintln(a.in, work, n)
	if err == nil {
		answer, err = a.line()
	}
	if err != nil {
		a.close() // then all of stderr is there
		return fmt.Errorf("%s: %s %d: %w", a.Name, work, n, cmp.Or(lastLine(a.stderr.String()), err))
	}
	ns, err := strconv.ParseInt(answer, 10, 64)
	a.took = time.Duration(ns)
	return err
}

func (a *anchor) line() (string, error) {
	line, err := a.out.ReadString('\n')
	return strings.TrimSuffix(line, "\n"), err
}

func (a *anchor) can(work string) bool { return slices.Contains(a.works, work) }

// close ends the program, which does so at the end of its input.
func (a *anchor) close() error {
	return errors.Join(a.in.Close(), a.cmd.Wait())
}

// lastLine returns the end of what a program wrote, which tells why it stopped,
// or nil if it wrote nothing.
func lastLine(stderr string) error {
	if stderr = strings.TrimSpace(stderr); stderr == "" {
		return nil
	}
	return errors.New(strings.TrimSpace(stderr[strings.LastIndexByte(stderr, '\n')+1:]))
}
