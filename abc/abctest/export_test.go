package abctest

import (
	"context"
	"testing"
	"time"

	"github.com/tributary-go/tributary/abc"
)

// The suites for their own tests: with a watchdog that is faster, and for
// single cases.

func (x suite[S]) only(names []string) suite[S] {
	if len(names) == 0 {
		return x
	}
	var cases []testCase[S]
	for _, name := range names {
		for _, c := range x.cases {
			if c.name == name {
				cases = append(cases, c)
			}
		}
	}
	if len(cases) != len(names) {
		panic("no such case")
	}
	x.cases = cases
	return x
}

func CasesOfStream(mk func() (a, b abc.Stream), caps Caps, limit time.Duration, names ...string) []*Failure {
	x := streamSuites(caps, func(testing.TB) (a, b abc.Stream, err error) {
		a, b = mk()
		return a, b, nil
	})
	return x.aToB.only(names).check(context.Background(), limit)
}

func CasesOfClogged(mk func() (abc.SendStream, abc.ReceiveStream), caps Caps, limit time.Duration, names ...string) []*Failure {
	caps.MakeClogged = func() (abc.SendStream, abc.ReceiveStream, error) {
		s, r := mk()
		return s, r, nil
	}
	return cloggedSuite(caps).only(names).check(context.Background(), limit)
}

func CasesOfMessages(mk func() (abc.MessageSendStream[int], abc.MessageReceiveStream[int]), limit time.Duration, names ...string) []*Failure {
	x := messagesSuite(func(testing.TB) (abc.MessageSendStream[int], abc.MessageReceiveStream[int], error) {
		s, r := mk()
		return s, r, nil
	})
	return x.only(names).check(context.Background(), limit)
}

func CasesOfListener(mk func() (abc.Listener, func(context.Context) (abc.Stream, error)), limit time.Duration, names ...string) []*Failure {
	x := listenerSuite(func(testing.TB) (abc.Listener, func(context.Context) (abc.Stream, error), error) {
		l, dial := mk()
		return l, dial, nil
	})
	return x.only(names).check(context.Background(), limit)
}

// A CaseInfo is what the documentation says of a case.
type CaseInfo struct{ Suite, Name, Rule string }

// AllCases lists the cases of all suites, in the order in which they run.
func AllCases() []CaseInfo {
	var all []CaseInfo
	oneWay := map[string]bool{}
	for _, c := range oneWayCases() {
		all = append(all, CaseInfo{"TestStream, TestOneWay", c.name, c.rule})
		oneWay[c.name] = true
	}
	for _, c := range streamCases() {
		if !oneWay[c.name] {
			all = append(all, CaseInfo{"TestStream", c.name, c.rule})
		}
	}
	for _, c := range cloggedCases {
		all = append(all, CaseInfo{"Caps.MakeClogged", "Clogged/" + c.name, c.rule})
	}
	for _, c := range messageCases() {
		all = append(all, CaseInfo{"TestMessages", c.name, c.rule})
	}
	for _, c := range listenerCases() {
		all = append(all, CaseInfo{"TestListener", c.name, c.rule})
	}
	return all
}
