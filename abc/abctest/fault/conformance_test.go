package fault_test

import (
	"math"
	"testing"
	"time"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/abc/abctest"
	"github.com/tributary-go/tributary/abc/abctest/fault"
	"github.com/tributary-go/tributary/memstream"
)

// What does not break the connection passes as the stream below does: with
// no allowance.
func TestConformance(t *testing.T) {
	for name, wrap := range map[string]func(abc.Stream) abc.Stream{
		"Fragment": func(s abc.Stream) abc.Stream { return fault.Fragment(s, 1) },
		"Latency":  func(s abc.Stream) abc.Stream { return fault.Latency(s, time.Millisecond) },
		"Record":   func(s abc.Stream) abc.Stream { return fault.Record(s) },
		"All":      all,
	} {
		t.Run(name, func(t *testing.T) {
			abctest.TestStream(t, func(testing.TB) (a, b abc.Stream) {
				a, b = memstream.Pair(&memstream.Options{Capacity: 1 << 10})
				return wrap(a), wrap(b)
			}, abctest.Caps{})
		})
	}
	t.Run("OneByte", func(t *testing.T) { // one end only: a MiB is many receives
		abctest.TestStream(t, func(testing.TB) (a, b abc.Stream) {
			a, b = memstream.Pair(&memstream.Options{Capacity: memstream.Lockstep})
			return fault.OneByte(a), b
		}, abctest.Caps{})
	})
}

// all is every wrapper on top of the other, those that break the connection
// at a moment that never comes.
func all(s abc.Stream) abc.Stream {
	const never = math.MaxInt
	s = fault.Drop(s, 1, never)
	s = fault.StallSendAfter(fault.StallReceiveAfter(s, never), never)
	s = fault.FailSendAfter(fault.FailReceiveAfter(s, never, nil), never, nil)
	s = fault.Latency(fault.Fragment(s, 2), 100*time.Microsecond)
	return fault.Record(fault.Fragment(s, 3))
}
