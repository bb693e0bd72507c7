package trace_test

import (
	"fmt"
	"strings"
)

// line shows an event as text.
func line(e traceEvent) string {
	s := fmt.Sprintf("%s %d/%d %.3f %.3f %s %d %s", e.Ph, e.Pid, e.Tid, e.Ts, e.Dur, e.Name, e.Args.Bytes, e.Args.Error)
	return strings.TrimSpace(s)
}
