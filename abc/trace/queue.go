package trace

import (
	"sync"
	"sync/atomic"
	"time"
)

// An event is something that happened, on its way to the writer.
type event struct {
	s       *subject
	kind    kind
	instant bool          // it has no place among the calls of its track
	receive bool          // its bytes come from the peer
	began   time.Duration // since the recorder's start, as at
	at      time.Duration
	total   int    // how many bytes the call sent or received
	size    int    // how many of them are those of the event
	offset  uint64 // of the first of these, in their direction
	data    int    // where they are in the batch
	err     error
}

// eventSize is what an event counts for in the queue, in bytes.
const eventSize = 120

// pieceSize is how much of a long call is one event.
const pieceSize = 64 << 10

// A batch is events and the bytes that belong to them.
type batch struct {
	number  int64 // from 1
	events  []event
	data    []byte
	dropped int64 // events that came since the batch before, and did not fit
}

func (b *batch) reset() {
	clear(b.events) // for what they point to
	*b = batch{events: b.events[:0], data: b.data[:0]}
}

// A queue takes events from those who call a stream and keeps them for the
// writer. To put one blocks for as long as it takes to copy 64 KiB.
type queue struct {
	start time.Time
	limit int // of a batch, in bytes: one is filled while another is written
	wake  chan struct{}

	abandoned atomic.Bool // nobody waits for what is there

	mu      sync.Mutex
	filling batch
	dropped int64
	closed  bool // nothing is taken any more
	useless bool // nobody writes any more
}

func (q *queue) init(start time.Time, size int) {
	q.start, q.limit, q.wake = start, size/2, make(chan struct{}, 1)
	q.filling.number = 1
}

// put adds e at the present time, with the first e.size bytes of data if there is
// any. If there is no room it drops e, counts it, and returns the number of the
// batch that was full, else 0.
func (q *queue) put(e event, data *cursor) (full int64) {
	q.mu.Lock()
	b := &q.filling
	if q.closed {
		q.mu.Unlock()
		return 0
	}
	size := 0
	if data != nil {
		size = e.size
	}
	if q.useless || len(b.events)*eventSize+len(b.data)+eventSize+size > q.limit {
		q.dropped++
		b.dropped++
		e.s.net.dropped++
		full = b.number
		q.mu.Unlock()
		if data != nil {
			data.skip(size)
		}
		return full
	}
	e.at = time.Since(q.start) // here, so that events are in the order of their times
	if e.instant {
		e.began = e.at
	}
	e.data = len(b.data)
	if data != nil {
		b.data = data.appendTo(b.data, size)
	}
	b.events = append(b.events, e)
	q.mu.Unlock()
	select {
	case q.wake <- struct{}{}:
	default:
	}
	return 0
}

// next blocks until there is something to write, and gets that into b, whose
// memory it uses again. It returns false when there is nothing more to come.
func (q *queue) next(b *batch) bool {
	b.reset()
	q.mu.Lock()
	for !q.closed && len(q.filling.events) == 0 {
		q.mu.Unlock()
		<-q.wake
		q.mu.Lock()
	}
	defer q.mu.Unlock()
	b.number = q.filling.number + 1
	*b, q.filling = q.filling, *b
	return len(b.events) > 0 || b.dropped > 0
}

func (q *queue) close() { q.set(&q.closed) }

// abandon makes the writer end as soon as it can.
func (q *queue) abandon() {
	q.abandoned.Store(true)
	q.close()
}

// refuse drops whatever comes from now on.
func (q *queue) refuse() { q.set(&q.useless) }

func (q *queue) set(flag *bool) {
	q.mu.Lock()
	*flag = true
	q.mu.Unlock()
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// A cursor reads buffers one after the other.
type cursor struct {
	bufs [][]byte
	at   int // in the first one
}

func (c *cursor) appendTo(dst []byte, n int) []byte {
	for n > 0 && len(c.bufs) > 0 {
		part := c.bufs[0][c.at:]
		part = part[:min(len(part), n)]
		dst = append(dst, part...)
		n -= len(part)
		c.advance(len(part))
	}
	return dst
}

func (c *cursor) skip(n int) {
	for n > 0 && len(c.bufs) > 0 {
		k := min(len(c.bufs[0])-c.at, n)
		n -= k
		c.advance(k)
	}
}

func (c *cursor) advance(n int) {
	if c.at += n; c.at == len(c.bufs[0]) {
		c.bufs, c.at = c.bufs[1:], 0
	}
}
