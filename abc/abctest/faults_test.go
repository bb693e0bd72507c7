package abctest_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/abc/abctest"
	"github.com/tributary-go/tributary/closeutil"
)

// faultLimit is the watchdog's time for what is known to be faulty.
const faultLimit = 500 * time.Millisecond

func TestEachFaultyStreamIsCaught(t *testing.T) {
	for _, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			failures := abctest.CasesOfStream(func() (a, b abc.Stream) {
				a, b = honest()
				t.Cleanup(func() { // a fault may keep the suite from it
					closeutil.CloseForcefully(a)
					closeutil.CloseForcefully(b)
				})
				x, y := &hooked{Stream: a}, &hooked{Stream: b}
				f.make(x)
				f.make(y)
				return x.stream(), y.stream()
			}, f.caps, faultLimit, f.caught)
			require.Len(t, failures, 1)
			require.Equal(t, "AToB/"+f.caught, failures[0].Case)
			t.Logf("expected: %s\nhappened: %.200s", failures[0].Expected, failures[0].Happened)
		})
	}
}

func TestEachFaultyListenerIsCaught(t *testing.T) {
	for _, f := range listenerFaults {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			failures := abctest.CasesOfListener(func() (abc.Listener, func(context.Context) (abc.Stream, error)) {
				l, dial := honestListener()
				t.Cleanup(func() { closeutil.CloseForcefully(l) })
				x := &hookedListener{Listener: l}
				f.make(x)
				return x, dial
			}, faultLimit, f.caught)
			require.Len(t, failures, 1)
			require.Equal(t, "Listener/"+f.caught, failures[0].Case)
			t.Logf("expected: %s\nhappened: %.200s", failures[0].Expected, failures[0].Happened)
		})
	}
}

func TestWatchdogNamesWhatHangsAndGoesOn(t *testing.T) {
	deaf := func() (a, b abc.Stream) {
		a, b = honest()
		t.Cleanup(func() {
			closeutil.CloseForcefully(a)
			closeutil.CloseForcefully(b)
		})
		y := &hooked{Stream: b}
		y.receive = func(ctx context.Context, p []byte) (int, error) {
			return y.Stream.ReceiveSome(context.Background(), p)
		}
		return a, y
	}
	failures := abctest.CasesOfStream(deaf, abctest.Caps{}, faultLimit,
		"Context/PastDeadline", "Context/CancelWakesReceive", "Send/Arrives", "Receive/EmptyBuffer")
	require.Len(t, failures, 2) // the other two cases ran and found nothing
	require.Equal(t, "AToB/Context/CancelWakesReceive", failures[1].Case)
	text := failures[1].Error()
	require.Contains(t, text, "rule 3.2: when its context is done, a blocked operation returns promptly")
	require.Contains(t, text, "expected: the case to end within 500ms")
	require.Contains(t, text, "ReceiveSome with nothing to receive")
	require.Contains(t, text, "cases_context.go:")
}
