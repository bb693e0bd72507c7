package abctest

import (
	"context"
	"errors"
	"io"
	"slices"
	"testing"

	"github.com/tributary-go/tributary/abc"
)

var (
	errEOF         = io.EOF
	errUnsupported = errors.ErrUnsupported
)

// TestStream checks that a [abc.Stream] keeps the contract, in both directions.
//
// mk returns the two ends of a fresh connection. It is called once or more for
// each case, one call at a time, and the suite closes both ends. What else is
// to be cleaned up goes into t.Cleanup of the t that mk gets.
//
//	func TestConformance(t *testing.T) {
//		abctest.TestStream(t, func(t testing.TB) (a, b abc.Stream) {
//			return mystream.Pair()
//		}, abctest.Caps{})
//	}
func TestStream(t *testing.T, mk func(t testing.TB) (a, b abc.Stream), caps Caps) {
	t.Helper()
	x := streamSuites(caps, func(t testing.TB) (a, b abc.Stream, err error) {
		a, b = mk(t)
		return a, b, nil
	})
	x.aToB.test(t)
	x.bToA.test(t)
	x.clogged.test(t)
}

// CheckStream is [TestStream] for a program: it needs no *testing.T, so that a
// transport can be checked where it runs. It returns nil if the stream keeps
// the contract, and otherwise an error that joins a [*Failure] for each case
// that does not pass; the error's Unwrap() []error has them one by one.
//
// mk is as for TestStream. Where it fails, so do the cases that it was called
// for. Several cases run at a time, as many as GOMAXPROCS. When ctx is done
// no case begins any more, and those that run end soon; the error is then that
// of ctx alone. A case that hangs fails after 10 seconds, and its goroutines
// stay behind if closing both ends forcefully does not end them.
func CheckStream(ctx context.Context, mk func() (a, b abc.Stream, err error), caps Caps) error {
	x := streamSuites(caps, func(testing.TB) (a, b abc.Stream, err error) { return mk() })
	return report(ctx, x.aToB.check(ctx, caseLimit), x.bToA.check(ctx, caseLimit), x.clogged.check(ctx, caseLimit))
}

type suitesOfStream struct {
	aToB, bToA suite[*pair]
	clogged    suite[*clogged]
}

func streamSuites(caps Caps, mk func(testing.TB) (a, b abc.Stream, err error)) suitesOfStream {
	return suitesOfStream{
		aToB: suite[*pair]{"AToB", streamCases(), oneAtATime(func(t testing.TB) (*pair, error) {
			a, b, err := mk(t)
			return &pair{pipe{a, b, caps}, a, b}, err
		})},
		bToA: suite[*pair]{"BToA", streamCases(), oneAtATime(func(t testing.TB) (*pair, error) {
			a, b, err := mk(t)
			return &pair{pipe{b, a, caps}, b, a}, err
		})},
		clogged: cloggedSuite(caps),
	}
}

// A pair is what the cases for an [abc.Stream] are run on.
type pair struct {
	pipe // from a to b
	a, b abc.Stream
}

// warmUp sends a byte each way, so that a handshake is over.
func (x *pair) warmUp(t *trial) {
	both := t.start("the first byte, from a to b", func() (int, error) {
		t.transfer("the first byte, from a to b", x.a, x.b, []byte{1})
		return 0, nil
	})
	t.transfer("the first byte, from b to a", x.b, x.a, []byte{2})
	both.wait()
}

// streamCases are all cases for a stream: those of one direction as well.
func streamCases() []testCase[*pair] {
	var cases []testCase[*pair]
	for _, c := range oneWayCases() {
		cases = append(cases, testCase[*pair]{c.name, c.rule, func(t *trial, x *pair) { c.run(t, &x.pipe) }})
	}
	return slices.Concat(cases, sendEOFCases, duplexCases)
}
