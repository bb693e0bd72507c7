package abctest

import (
	"context"
	"time"

	"github.com/tributary-go/tributary/abc"
)

// The suites as a function, for the tests of the suites themselves.

type Failure = failure

func (f *failure) Parts() (name, expected, happened string) { return f.name, f.expected, f.happened }

// CheckStream runs the cases that are called one of names, all if none is.
func CheckStream(a2b func() (a, b abc.Stream), caps Caps, limit time.Duration, names ...string) []*Failure {
	return checkAll(streamCases(), func() *pair {
		a, b := a2b()
		return newPair(a, b, false, caps)
	}, limit, names)
}

func CheckListener(mk func() (abc.Listener, func(context.Context) (abc.Stream, error)), limit time.Duration, names ...string) []*Failure {
	return checkAll(listenerCases(), func() *server { return newServer(mk()) }, limit, names)
}

func checkAll[S subject](cases []testCase[S], mk func() S, limit time.Duration, names []string) (all []*Failure) {
	ran := 0
	for _, c := range cases {
		if len(names) == 0 || contains(names, c.name) {
			if f := check(c, mk(), limit); f != nil {
				all = append(all, f)
			}
			ran++
		}
	}
	if ran == 0 {
		panic("no such case")
	}
	return all
}

func contains(names []string, name string) bool {
	for _, n := range names {
		if n == name {
			return true
		}
	}
	return false
}

// CaseNames returns the names of the cases of each suite.
func CaseNames() (oneWay, stream, listener []string) {
	for _, c := range oneWayCases() {
		oneWay = append(oneWay, c.name)
	}
	for _, c := range streamCases() {
		stream = append(stream, c.name)
	}
	for _, c := range listenerCases() {
		listener = append(listener, c.name)
	}
	return oneWay, stream, listener
}
