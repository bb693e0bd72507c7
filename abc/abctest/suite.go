package abctest

import (
	"fmt"
	"strings"
	"testing"
	"time"
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

// A failure is what a trial found.
type failure struct {
	name, rule         string
	expected, happened string
	at                 string // file:line in the suite
}

func (f *failure) String() string {
	return fmt.Sprintf("rule %s\nexpected: %s\nhappened: %s\nin: %s", f.rule, f.expected, f.happened, f.at)
}

// A subject is what a case is run on.
type subject interface {
	warmUp(t *trial) // what must happen once before anything is expected of it
	release()        // close all of it forcefully
}

// check runs one case on x and returns what it found wrong, or nil.
func check[S subject](c testCase[S], x S, limit time.Duration) *failure {
	t := newTrial(c.name, c.rule, limit)
	return t.execute(func() {
		x.warmUp(t)
		c.run(t, x)
	}, x.release)
}

// runCases runs each case as a parallel subtest of its own, all of which are
// over when it returns.
func runCases[S subject](t *testing.T, group string, cases []testCase[S], mk func(testing.TB) S) {
	t.Run(group, func(t *testing.T) {
		for _, c := range cases {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				if f := check(c, mk(t), caseLimit); f != nil {
					t.Errorf("\n%s", f)
				}
			})
		}
	})
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
