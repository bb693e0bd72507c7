package trace

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"time"
)

// A writer writes what comes out of a recorder's queue, in a goroutine.
type writer struct {
	r        *Recorder
	capture  *capture  // nil if there is none
	timeline *timeline // nil if there is none
	sinks    []*sink
	open     map[*subject]struct{}
	at       time.Duration // of the last event
}

func newWriter(r *Recorder, opts *Options) *writer {
	w := &writer{r: r, open: make(map[*subject]struct{})}
	if opts.Pcapng != nil {
		w.capture = newCapture(w.sink("pcapng", opts.Pcapng), r.start)
	}
	if opts.Timeline != nil {
		w.timeline = newTimeline(w.sink("timeline", opts.Timeline), r.start)
	}
	return w
}

func (w *writer) sink(name string, to io.Writer) *sink {
	s := &sink{name: name, w: to}
	w.sinks = append(w.sinks, s)
	return s
}

func (w *writer) run() {
	defer close(w.r.ended)
	var b batch
	for w.r.queue.next(&b) {
		w.write(&b)
		w.flush(0)
	}
	if !w.r.queue.abandoned.Load() {
		w.finish()
		w.flush(0)
	}
	for _, s := range w.sinks {
		w.r.err = errors.Join(w.r.err, s.err)
	}
}

// enough is how much is gathered for a Write, in bytes.
const enough = 256 << 10

func (w *writer) write(b *batch) {
	for i := range b.events {
		if w.flush(enough); w.r.queue.abandoned.Load() {
			return
		}
		e := &b.events[i]
		w.at = e.at
		w.see(e)
		data := b.data[e.data:]
		if i+1 < len(b.events) {
			data = b.data[e.data:b.events[i+1].data]
		}
		if w.capture != nil {
			w.capture.event(e, data)
		}
		if w.timeline != nil {
			w.timeline.event(e)
		}
	}
	if b.dropped > 0 {
		w.missing(b)
	}
}

// see keeps what is open. The first event of a subject need not be that it was
// opened, which may have been dropped.
func (w *writer) see(e *event) {
	if !e.s.seen {
		e.s.seen = true
		w.open[e.s] = struct{}{}
		if w.timeline != nil {
			w.timeline.open(e.s, e.at)
		}
	}
	if e.kind == ended {
		delete(w.open, e.s)
	}
}

// missing says what b has not.
func (w *writer) missing(b *batch) {
	if w.timeline != nil {
		w.timeline.dropped(w.at, b.dropped)
	}
	w.endLost(b.number)
}

// endLost ends the subjects whose end was dropped, from a batch up to this one:
// before one that is dropped later other events of its subject may come.
func (w *writer) endLost(number int64) {
	for _, s := range w.sorted() {
		lost := s.ending.lost.Load()
		if lost == 0 || lost > number {
			continue
		}
		delete(w.open, s)
		if w.capture != nil {
			w.capture.event(&event{s: s, kind: ended, at: w.at}, nil)
		}
	}
}

// finish writes what is to be said at the end.
func (w *writer) finish() {
	at := time.Since(w.r.start)
	w.endLost(math.MaxInt64)
	if w.timeline != nil {
		w.timeline.finish(w.sorted())
	}
	if w.capture != nil {
		w.r.queue.mu.Lock() // for what was dropped
		defer w.r.queue.mu.Unlock()
		w.capture.summarize(at)
	}
}

// sorted returns the subjects that are open, from the oldest to the youngest.
func (w *writer) sorted() []*subject {
	return slices.SortedFunc(maps.Keys(w.open), func(a, b *subject) int { return cmp.Compare(a.id, b.id) })
}

// flush writes where more than so many bytes have been gathered.
func (w *writer) flush(bytes int) {
	works := false
	for _, s := range w.sinks {
		if len(s.buf) > bytes {
			s.flush()
		}
		works = works || s.err == nil
	}
	if !works {
		w.r.queue.refuse()
	}
}

// A sink gathers bytes for an io.Writer, until that fails.
type sink struct {
	name string
	w    io.Writer
	buf  []byte
	err  error
}

func (s *sink) flush() {
	if s.err == nil {
		n, err := s.w.Write(s.buf)
		if err == nil && n < len(s.buf) {
			err = io.ErrShortWrite
		}
		if err != nil {
			s.err = fmt.Errorf("%s: %w", s.name, err)
		}
	}
	s.buf = s.buf[:0]
}
