package abctest

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tributary-go/tributary/abc"
)

// caseLimit is how long a case may take before it counts as hanging.
const caseLimit = 10 * time.Second

// A testCase checks one rule of the contract on a fresh subject. Its body
// knows no *testing.T, so that cases can run outside of Go tests as well.
type testCase[S any] struct {
	name string // stable: users select by it
	rule string // the contract's number, a colon, and the rule in one line
	run  func(t *trial, x S)
}

// A subject is what a case is run on.
type subject interface {
	warmUp(t *trial) // what must happen once before anything is expected of it
	release()        // close all of it forcefully
}

// A suite is cases and a maker of what they are run on. The maker gets a t
// in a Go test, and nil in a program. One call of it runs at a time.
type suite[S subject] struct {
	name  string
	cases []testCase[S]
	mk    func(t testing.TB) (S, error)
}

// A patience is how long the cases of a suite may take each. It is halved by
// each one that hangs: where many do, the author is not kept waiting for all.
type patience struct{ left atomic.Int64 }

func newPatience(limit time.Duration) *patience {
	p := &patience{}
	p.left.Store(int64(limit))
	return p
}

const leastPatience = time.Second

func (p *patience) limit() time.Duration { return time.Duration(p.left.Load()) }

// lose notes that a case hung for a limit.
func (p *patience) lose(limit time.Duration) {
	if half := limit / 2; half >= leastPatience {
		p.left.CompareAndSwap(int64(limit), int64(half))
	}
}

// A Failure is what a case found wrong.
type Failure struct {
	Case     string // its name: "AToB/Receive/CancelLosesNothing"
	Rule     string // the number in the contract, a colon, and the rule: "3.3: a ReceiveSome …"
	Expected string
	Happened string
	At       string // the line of the case, in this package: "cases_cancel.go:60"
}

// Error returns all of it, on several lines.
func (f *Failure) Error() string { return f.Case + ":\n" + f.text() }

func (f *Failure) text() string {
	return fmt.Sprintf("rule %s\nexpected: %s\nhappened: %s\nin: %s", f.Rule, f.Expected, f.Happened, f.At)
}

// execute runs one case on a fresh subject and returns what it found wrong,
// or nil.
func (s suite[S]) execute(ctx context.Context, c testCase[S], tb testing.TB, p *patience) (f *Failure) {
	t := newTrial(ctx, s.name+"/"+c.name, c.rule, p.limit())
	t.remake = func() (subject, error) { return s.make(tb) }
	// All goroutines from here on have the label, those of the subject as well.
	pprof.Do(ctx, pprof.Labels(goroutineLabel, t.id), func(context.Context) {
		x, err := s.make(tb)
		if err != nil {
			f = &Failure{t.name, t.rule, "something to run the case on", "it could not be made: " + err.Error(), "the function that makes it"}
			return
		}
		f = t.execute(ctx, func() {
			x.warmUp(t)
			c.run(t, x)
		}, x.release)
	})
	if t.hung.Load() {
		p.lose(t.limit)
	}
	return f
}

// make calls mk, and makes an error of a panic. What a Go test does to end
// itself goes through.
func (s suite[S]) make(tb testing.TB) (x S, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("the function panicked: %v\n%s", v, debug.Stack())
		}
	}()
	return s.mk(tb)
}

// test runs each case as a parallel subtest of its own, all of which are over
// when it returns.
func (s suite[S]) test(t *testing.T) {
	p := newPatience(caseLimit)
	t.Run(s.name, func(t *testing.T) {
		for _, c := range s.cases {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				if f := s.execute(t.Context(), c, t, p); f != nil {
					t.Errorf("\n%s", f.text())
				}
			})
		}
	})
}

// check runs the cases, several at a time, until ctx is done, and returns what
// they found.
func (s suite[S]) check(ctx context.Context, limit time.Duration) []*Failure {
	found := make([]*Failure, len(s.cases))
	slots := make(chan struct{}, runtime.GOMAXPROCS(0))
	p := newPatience(limit)
	var running sync.WaitGroup
	for i, c := range s.cases {
		slots <- struct{}{}
		if ctx.Err() != nil {
			break
		}
		running.Go(func() {
			defer func() { <-slots }()
			found[i] = s.execute(ctx, c, nil, p)
		})
	}
	running.Wait()
	return slices.DeleteFunc(found, func(f *Failure) bool { return f == nil })
}

// report makes the error of a check.
func report(ctx context.Context, found ...[]*Failure) error {
	if ctx.Err() != nil { // what was found may be its doing
		return fmt.Errorf("abctest: not checked to the end: %w", abc.ContextErr(ctx))
	}
	var errs []error
	for _, f := range slices.Concat(found...) {
		errs = append(errs, f)
	}
	return errors.Join(errs...)
}

// oneAtATime serialises the calls of mk.
func oneAtATime[S subject](mk func(t testing.TB) (S, error)) func(t testing.TB) (S, error) {
	var mu sync.Mutex
	return func(t testing.TB) (S, error) {
		mu.Lock()
		defer mu.Unlock()
		return mk(t)
	}
}

// section prefixes the names of cases that belong together.
func section[S any](name string, cases ...testCase[S]) []testCase[S] {
	for i := range cases {
		cases[i].name = name + "/" + cases[i].name
	}
	return cases
}

// inCases reports whether file is one that holds cases, rather than helpers.
func inCases(file string) bool {
	return strings.HasPrefix(file[strings.LastIndexByte(file, '/')+1:], "cases_")
}
