package abctest

import (
	"errors"
	"io"
	"slices"
	"sync"
	"testing"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/closeutil"
)

var (
	errEOF         = io.EOF
	errUnsupported = errors.ErrUnsupported
)

// TestStream checks that a [abc.Stream] keeps the contract, in both directions.
//
// mk returns the two ends of a fresh connection. It is called once for each
// case, one call at a time, and the suite closes both ends. What else is to be
// cleaned up goes into t.Cleanup of the t that mk gets.
//
//	func TestConformance(t *testing.T) {
//		abctest.TestStream(t, func(t testing.TB) (a, b abc.Stream) {
//			return mystream.Pair()
//		}, abctest.Caps{})
//	}
func TestStream(t *testing.T, mk func(t testing.TB) (a, b abc.Stream), caps Caps) {
	t.Helper()
	var mu sync.Mutex
	pairOf := func(t testing.TB, flip bool) *pair {
		mu.Lock()
		defer mu.Unlock()
		a, b := mk(t)
		return newPair(a, b, flip, caps)
	}
	cases := streamCases()
	runCases(t, "AToB", cases, func(t testing.TB) *pair { return pairOf(t, false) })
	runCases(t, "BToA", cases, func(t testing.TB) *pair { return pairOf(t, true) })
}

// A pair is what the cases for an [abc.Stream] are run on.
type pair struct {
	pipe // from a to b
	a, b abc.Stream
}

func newPair(a, b abc.Stream, flip bool, caps Caps) *pair {
	if flip {
		a, b = b, a
	}
	return &pair{pipe{a, b, caps}, a, b}
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

func (x *pair) release() {
	defer closeutil.CloseForcefully(x.b)
	closeutil.CloseForcefully(x.a)
}

// streamCases are all cases for a stream: those of one direction as well.
func streamCases() []testCase[*pair] {
	var cases []testCase[*pair]
	for _, c := range oneWayCases() {
		cases = append(cases, testCase[*pair]{c.name, c.rule, func(t *trial, x *pair) { c.run(t, &x.pipe) }})
	}
	return slices.Concat(cases, sendEOFCases, duplexCases)
}
