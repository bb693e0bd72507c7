package abctest_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/abc/abctest"
	"github.com/tributary-go/tributary/closeutil"
)

// A fault is one breach of the contract.
type fault struct {
	name   string
	caught string // the case that must see it
	caps   abctest.Caps
	hangs  bool // the watchdog must see it, and nothing before
	make   func(s *hooked)
}

var faults = slices.Concat(
	sendFaults, receiveFaults, waitFaults, waitReceivableFaults, copyFaults, busyFaults, closeFaults, closeBesideFaults, peerFaults,
	contextFaults, cancelFaults, bufferFaults, sendEOFFaults, duplexFaults,
)

// A listenerFault is a fault of a listener.
type listenerFault struct {
	name   string
	caught string
	hangs  bool
	make   func(l *hookedListener)
}

var listenerFaults = slices.Concat(serveFaults, acceptErrorFaults, shutdownFaults)

// faultLimit is the watchdog's time for what is known to hang.
const faultLimit = 500 * time.Millisecond

// A faultCheck runs the case that must see a fault, and no other.
type faultCheck struct {
	name, caught string // as in fault, but for the suite's name before caught
	hangs        bool
	run          func(t *testing.T, limit time.Duration) []*abctest.Failure
}

// requireCaught checks that each case finds its fault, and finds it by what it
// asserts, unless the fault is that something hangs. Those that hang do so
// all at the same time, as they only wait for the watchdog.
func requireCaught(t *testing.T, checks []faultCheck) {
	results := make([]chan []*abctest.Failure, len(checks))
	var hanging sync.WaitGroup
	t.Cleanup(hanging.Wait) // also for those that -run left out
	for i, c := range checks {
		found := make(chan []*abctest.Failure, 1)
		results[i] = found
		if c.hangs {
			hanging.Go(func() { found <- c.run(t, faultLimit) })
		}
	}
	for i, c := range checks {
		found := results[i]
		t.Run(c.caught+": "+c.name, func(t *testing.T) {
			if !c.hangs {
				t.Parallel()
				found <- c.run(t, 5*time.Second) // on a machine that is busy
			}
			failures := <-found
			require.Len(t, failures, 1)
			f := failures[0]
			require.Equal(t, c.caught, f.Case)
			t.Logf("expected: %s\nhappened: %.200s\nin: %s", f.Expected, f.Happened, f.At)
			require.Equal(t, c.hangs, strings.HasPrefix(f.Happened, "it hangs"))
			require.Contains(t, f.At, "cases_")
		})
	}
}

// pair is an honest pair of streams with the fault.
func (f *fault) pair(t *testing.T, honest func() (a, b abc.Stream)) (abc.Stream, abc.Stream) {
	a, b := honest()
	t.Cleanup(func() { // a fault may keep the suite from it
		closeutil.CloseForcefully(a)
		closeutil.CloseForcefully(b)
	})
	x, y := &hooked{Stream: a}, &hooked{Stream: b}
	f.make(x)
	f.make(y)
	return x.stream(), y.stream()
}

func TestEachFaultyStreamIsCaught(t *testing.T) {
	var checks []faultCheck
	for _, f := range faults {
		checks = append(checks, faultCheck{f.name, "AToB/" + f.caught, f.hangs, func(t *testing.T, limit time.Duration) []*abctest.Failure {
			return abctest.CasesOfStream(func() (a, b abc.Stream) { return f.pair(t, honest) }, f.caps, limit, f.caught)
		}})
	}
	requireCaught(t, checks)
}

func TestEachFaultyCloggedStreamIsCaught(t *testing.T) {
	var checks []faultCheck
	for _, f := range cloggedFaults {
		checks = append(checks, faultCheck{f.name, "Clogged/" + f.caught, f.hangs, func(t *testing.T, limit time.Duration) []*abctest.Failure {
			return abctest.CasesOfClogged(func() (abc.SendStream, abc.ReceiveStream) { return f.pair(t, clogged) }, f.caps, limit, f.caught)
		}})
	}
	requireCaught(t, checks)
}

func TestEachFaultyListenerIsCaught(t *testing.T) {
	var checks []faultCheck
	for _, f := range listenerFaults {
		checks = append(checks, faultCheck{f.name, "Listener/" + f.caught, f.hangs, func(t *testing.T, limit time.Duration) []*abctest.Failure {
			return abctest.CasesOfListener(func() (abc.Listener, func(context.Context) (abc.Stream, error)) {
				l := newHookedListener()
				t.Cleanup(func() {
					close(l.over)
					closeutil.CloseForcefully(l.Listener)
				})
				f.make(l)
				return l, l.acceptor.dial
			}, limit, f.caught)
		}})
	}
	requireCaught(t, checks)
}

// What the faults are put into passes without them, with all optional
// interfaces.
func TestHookedStreamPasses(t *testing.T) {
	f := fault{make: func(s *hooked) {
		s.wait = s.waitBelow
		s.vector = s.Stream.(abc.VectorSender).SendVector
		s.copyFrom = func(ctx context.Context, src abc.ReceiveStream) (int64, error) { return abc.Copy(ctx, s.Stream, src) }
	}}
	abctest.TestStream(t, func(testing.TB) (a, b abc.Stream) { return f.pair(t, honest) }, abctest.Caps{
		MakeClogged: func() (abc.SendStream, abc.ReceiveStream, error) {
			a, b := f.pair(t, clogged)
			return a, b, nil
		},
	})
}
