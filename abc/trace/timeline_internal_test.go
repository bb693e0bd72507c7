package trace

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Of two Closes at the same time, the second looked at the clock before the first
// had ended, and was counted as the only one after it.
func TestCallsOfATrackDoNotOverlap(t *testing.T) {
	var out sink
	timeline := newTimeline(&out, time.Now())
	s := &subject{id: 1}
	timeline.event(&event{s: s, kind: closeGracefully, began: 10 * time.Microsecond, at: 20 * time.Microsecond})
	timeline.event(&event{s: s, kind: sendAll, began: 12 * time.Microsecond, at: 22 * time.Microsecond})
	timeline.event(&event{s: s, kind: closeForcefully, began: 15 * time.Microsecond, at: 25 * time.Microsecond})
	for _, want := range []string{
		`"Close","pid":1,"tid":2,"ts":10.000,"dur":10.000`,
		`"SendAll","pid":1,"tid":0,"ts":12.000,"dur":10.000`,
		`"Close (forceful)","pid":1,"tid":2,"ts":20.000,"dur":5.000`,
	} {
		require.Contains(t, string(out.buf), want)
	}
}
