package trace_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// line shows an event as text.
func line(e traceEvent) string {
	s := fmt.Sprintf("%s %d/%d %.3f %.3f %s %d %s", e.Ph, e.Pid, e.Tid, e.Ts, e.Dur, e.Name, e.Args.Bytes, e.Args.Error)
	return strings.TrimSpace(s)
}

// timelineLines returns what happened in a timeline, without what only names it.
func timelineLines(t *testing.T, timeline []byte) (lines []string) {
	t.Helper()
	events, err := readTimeline(timeline)
	require.NoError(t, err)
	for _, e := range events {
		if e.Ph != "M" {
			lines = append(lines, line(e))
		}
	}
	return lines
}
