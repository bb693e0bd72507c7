package abctest_test

import (
	"context"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/abc/abctest"
)

// What is worse than a wrong result is still the failure of one case, and the
// other cases run.

func TestPanicIsAFailure(t *testing.T) {
	crash := func() { panic("out of order") }
	for name, f := range crashes(crash) {
		t.Run(name, func(t *testing.T) {
			failure := onlyFailure(t, f)
			require.Equal(t, "no panic", failure.Expected)
			require.Contains(t, failure.Happened, "panicked: out of order")
			require.Contains(t, failure.Happened, "faults_crash_test.go:")
		})
	}
}

func TestGoexitIsAFailure(t *testing.T) {
	for name, f := range crashes(runtime.Goexit) {
		t.Run(name, func(t *testing.T) {
			failure := onlyFailure(t, f)
			require.Equal(t, "no runtime.Goexit", failure.Expected)
			require.Contains(t, failure.Happened, "called it")
		})
	}
}

// crashes are faults that crash in different goroutines of the suite, and in
// the case Context/DoneSend alone.
func crashes(crash func()) map[string]fault {
	return map[string]fault{
		"in the case's goroutine": {make: func(s *hooked) {
			s.send = func(ctx context.Context, p []byte) error {
				if ctx.Err() != nil {
					crash()
				}
				return s.Stream.SendAll(ctx, p)
			}
		}},
		"in a task": {make: func(s *hooked) {
			s.send = func(ctx context.Context, p []byte) error {
				if string(p) == "alive" {
					crash()
				}
				return s.Stream.SendAll(ctx, p)
			}
		}},
	}
}

func onlyFailure(t *testing.T, f fault) *abctest.Failure {
	failures := abctest.CasesOfStream(func() (a, b abc.Stream) { return f.pair(t, honest) },
		abctest.Caps{}, 5*time.Second, "Context/DoneSend", "Receive/EmptyBuffer", "Receive/EOF")
	require.Len(t, failures, 1)
	require.Equal(t, "AToB/Context/DoneSend", failures[0].Case)
	return failures[0]
}

func TestCrashInCloseIsAFailure(t *testing.T) {
	f := fault{make: func(s *hooked) {
		s.close = func(ctx context.Context) error {
			_ = s.Stream.Close(ctx)
			panic("out of order")
		}
	}}
	failures := abctest.CasesOfStream(func() (a, b abc.Stream) { return f.pair(t, honest) },
		abctest.Caps{}, 5*time.Second, "Send/Vector", "Context/PastDeadline")
	require.Len(t, failures, 2) // neither case closes the stream itself
	for _, failure := range failures {
		require.Contains(t, failure.Happened, "closing forcefully panicked: out of order")
	}
}

func TestNilSubjectIsAFailure(t *testing.T) {
	failures := abctest.CasesOfStream(func() (a, b abc.Stream) { return nil, nil },
		abctest.Caps{}, 5*time.Second, "Send/Arrives", "Close/Twice")
	require.Len(t, failures, 2)
	for _, f := range failures {
		require.Contains(t, f.Happened, "panicked: ")
		require.Contains(t, f.Happened, "nil pointer")
	}
	failures = abctest.CasesOfListener(func() (abc.Listener, func(context.Context) (abc.Stream, error)) { return nil, nil },
		5*time.Second, "Serve/Again", "Close/Idle")
	require.Len(t, failures, 2)
}

func TestWatchdogNamesWhatHangsAndGoesOn(t *testing.T) {
	f := fault{make: func(s *hooked) {
		s.receive = func(_ context.Context, p []byte) (int, error) {
			return s.Stream.ReceiveSome(context.Background(), p)
		}
	}}
	failures := abctest.CasesOfStream(func() (a, b abc.Stream) { return f.pair(t, honest) }, abctest.Caps{}, faultLimit,
		"Context/PastDeadline", "Context/CancelWakesReceive", "Send/Arrives", "Receive/EmptyBuffer")
	require.Len(t, failures, 2) // the other two cases ran and found nothing
	require.Equal(t, "AToB/Context/CancelWakesReceive", failures[1].Case)
	text := failures[1].Error()
	require.Contains(t, text, "rule 3.2: when its context is done, a blocked operation returns promptly")
	require.Contains(t, text, "expected: the case to end within 500ms")
	require.Contains(t, text, "ReceiveSome with nothing to receive")
	require.Contains(t, text, "cases_context.go:")
	require.Contains(t, text, "faults_crash_test.go:", "the stack of what hangs")
	require.True(t, strings.HasPrefix(failures[1].At, "cases_context.go:"))
}
