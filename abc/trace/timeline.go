package trace

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"time"
)

// A timeline writes Chrome trace events as an array of JSON objects whose end
// may be missing. Each subject is a process there, with a thread for each track.
type timeline struct {
	out     *sink
	objects bool // there are some already
	args    bool // the object that is being written has some already
}

func newTimeline(out *sink, start time.Time) *timeline {
	t := &timeline{out: out}
	t.begin('M', "process_name", 0, 0, -1)
	t.string("name", "recorded from "+start.Format(time.RFC3339Nano))
	t.end()
	return t
}

var trackNames = [...]string{"send", "receive", "close"}

// event writes e.
func (t *timeline) event(e *event) {
	switch e.kind {
	case opened, piece, ended:
	case served:
		t.connection('e', e.s, e.at)
	default:
		t.call(e)
	}
}

func (t *timeline) call(e *event) {
	track := trackOf[e.kind]
	if e.instant {
		t.instant(e.kind.String(), e.s.id, track, e.at)
	} else {
		// A call that came while the one before was about to end may have looked at
		// the clock before that did.
		began := max(e.began, e.s.until[track])
		e.s.until[track] = e.at
		t.begin('X', e.kind.String(), e.s.id, track, began)
		t.raw(`,"dur":`)
		t.micros(e.at - began)
	}
	switch e.kind {
	case sendAll, sendVector, receiveSome:
		t.int("bytes", int64(e.total))
	}
	if e.err != nil {
		t.string("error", fmt.Sprint(e.err))
	}
	t.end()
	if e.kind == receiveSome && e.err == io.EOF {
		t.instant("EOF", e.s.id, track, e.at)
		t.end()
	}
}

// open names the process and threads of s.
func (t *timeline) open(s *subject, at time.Duration) {
	t.begin('M', "process_name", s.id, 0, -1)
	t.string("name", describe(s))
	t.end()
	for i, name := range trackNames {
		if s.listens && i == sendTrack {
			name = "serve"
		}
		t.begin('M', "thread_name", s.id, i, -1)
		t.string("name", name)
		t.end()
	}
	t.connection('b', s, at)
}

// connection writes where the span of a served connection begins or ends, on its
// listener.
func (t *timeline) connection(phase byte, s *subject, at time.Duration) {
	if s.parent == nil {
		return
	}
	t.begin(phase, "connection #"+strconv.Itoa(s.id), s.parent.id, sendTrack, at)
	t.raw(`,"cat":"connection","id":"`)
	t.raw(strconv.Itoa(s.id))
	t.raw(`"`)
	t.end()
}

func (t *timeline) dropped(at time.Duration, events int64) {
	t.begin('i', "dropped", 0, 0, at)
	t.raw(`,"s":"g"`)
	t.int("events", events)
	t.end()
}

// finish writes the calls that are still inside, as spans that have no end, and
// the end of the array.
func (t *timeline) finish(open []*subject) {
	for _, s := range open {
		for i := range s.running {
			if running := s.running[i].Load(); running != 0 {
				began, k := unpack(running)
				t.begin('B', k.String(), s.id, i, began)
				t.end()
			}
		}
	}
	t.raw("\n]\n")
}

func (t *timeline) instant(name string, process, thread int, at time.Duration) {
	t.begin('i', name, process, thread, at)
	t.raw(`,"s":"t"`)
}

// begin begins an object. A negative time is none.
func (t *timeline) begin(phase byte, name string, process, thread int, at time.Duration) {
	if t.objects {
		t.raw(",\n")
	} else {
		t.raw("[\n")
		t.objects = true
	}
	t.raw(`{"ph":"`)
	t.out.buf = append(t.out.buf, phase)
	t.raw(`","name":"`)
	t.raw(name)
	t.raw(`","pid":`)
	t.out.buf = strconv.AppendInt(t.out.buf, int64(process), 10)
	t.raw(`,"tid":`)
	t.out.buf = strconv.AppendInt(t.out.buf, int64(thread), 10)
	if at >= 0 {
		t.raw(`,"ts":`)
		t.micros(at)
	}
}

// int and string write an argument. All of them are at the end of an object.
func (t *timeline) int(key string, v int64) {
	t.key(key)
	t.out.buf = strconv.AppendInt(t.out.buf, v, 10)
}

func (t *timeline) string(key, v string) {
	t.key(key)
	quoted, err := json.Marshal(v)
	if err != nil {
		panic("trace: internal error: a string is not JSON: " + err.Error())
	}
	t.out.buf = append(t.out.buf, quoted...)
}

func (t *timeline) key(key string) {
	if t.args {
		t.raw(`,"`)
	} else {
		t.raw(`,"args":{"`)
		t.args = true
	}
	t.raw(key)
	t.raw(`":`)
}

func (t *timeline) end() {
	if t.args {
		t.raw("}")
		t.args = false
	}
	t.raw("}")
}

// micros writes d in microseconds, to the nanosecond.
func (t *timeline) micros(d time.Duration) {
	t.out.buf = strconv.AppendInt(t.out.buf, int64(d/1000), 10)
	thousandths := int(d % 1000)
	t.out.buf = append(t.out.buf, '.', byte('0'+thousandths/100), byte('0'+thousandths/10%10), byte('0'+thousandths%10))
}

func (t *timeline) raw(s string) { t.out.buf = append(t.out.buf, s...) }
