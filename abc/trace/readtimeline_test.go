package trace_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// A traceEvent is one of Chrome's.
type traceEvent struct {
	Ph, Name, Cat, ID, S string
	Pid, Tid             int
	Ts, Dur              float64 // microseconds
	Args                 struct {
		Name, Error string
		Bytes       int64
		Events      int64
	}
}

// readTimeline reads a timeline, which may be cut behind a record, and checks
// that what is on one track is nested.
func readTimeline(b []byte) ([]traceEvent, error) {
	text := strings.TrimSpace(string(b))
	if !strings.HasSuffix(text, "]") {
		text += "]"
	}
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields()
	var events []traceEvent
	if err := decoder.Decode(&events); err != nil {
		return nil, err
	}
	tracks := map[[2]int][]traceEvent{}
	connections := map[string]int{}
	for _, e := range events {
		key := [2]int{e.Pid, e.Tid}
		switch e.Ph {
		case "X":
			if e.Dur < 0 {
				return nil, fmt.Errorf("%+v has a negative duration", e)
			}
			tracks[key] = append(tracks[key], e)
		case "b":
			connections[e.ID]++
		case "e":
			if connections[e.ID]--; connections[e.ID] != 0 {
				return nil, fmt.Errorf("%+v ends what has not begun", e)
			}
		case "B", "M":
		case "i":
			if e.S == "" {
				return nil, errors.New("an instant has no scope")
			}
		default:
			return nil, fmt.Errorf("unknown phase in %+v", e)
		}
	}
	for _, track := range tracks {
		slices.SortStableFunc(track, func(a, b traceEvent) int { return int(1000 * (a.Ts - b.Ts)) })
		for i := 1; i < len(track); i++ {
			if track[i].Ts < track[i-1].Ts+track[i-1].Dur-0.0005 {
				return nil, fmt.Errorf("%+v and %+v overlap", track[i-1], track[i])
			}
		}
	}
	return events, nil
}
