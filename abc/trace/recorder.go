package trace

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tributary-go/tributary/abc"
)

// A Recorder records what happens to the streams and listeners that it was
// given. Make one with [New]. A nil Recorder records nothing: what it returns is
// what it was given.
//
// All methods may be called at the same time. None but Close blocks. A recorder
// has one goroutine, from New until Close.
type Recorder struct {
	start   time.Time
	queue   queue
	bytes   bool          // the capture wants what was sent and received
	ended   chan struct{} // closed when the writer has returned
	err     error         // what the writer has to say; written before ended is closed
	closing atomic.Bool   // Close was called, and so the next one returns nil

	mu         sync.Mutex
	subjects   int
	interfaces map[string]*netInterface
}

var _ abc.AsyncResource = (*Recorder)(nil)

// New returns a recorder that writes to what opts names, nil if that is nothing.
// Its clock is that of package time, so in testing/synctest a recorder belongs
// to the bubble whose streams it records.
func New(opts *Options) *Recorder {
	if opts == nil || opts.Pcapng == nil && opts.Timeline == nil {
		return nil
	}
	r := &Recorder{
		start:      time.Now(),
		bytes:      opts.Pcapng != nil,
		ended:      make(chan struct{}),
		interfaces: make(map[string]*netInterface),
	}
	r.queue.init(r.start, opts.buffer())
	w := newWriter(r, opts)
	go w.run()
	return r
}

// Dropped returns how many events were not recorded until now, because the
// writers did not keep up or because all of them failed. An event is a call, or
// up to 64 KiB of a longer one. After Close it does not change.
func (r *Recorder) Dropped() int64 {
	if r == nil {
		return 0
	}
	r.queue.mu.Lock()
	defer r.queue.mu.Unlock()
	return r.queue.dropped
}

// Close ends the recording and blocks until all that was recorded is written.
// It returns what went wrong with the writers. It closes neither them nor any
// stream: those go on, and are not recorded any more.
//
// When ctx is done it returns that, and what was not written by then is lost.
// A Write that is in progress is left to end on its own, and the recorder's
// goroutine with it.
func (r *Recorder) Close(ctx context.Context) error {
	if r == nil {
		return nil
	}
	again := r.closing.Swap(true)
	r.queue.close()
	select {
	case <-r.ended:
	case <-ctx.Done():
		if !r.hasEnded() {
			r.queue.abandon()
			return opError("close", abc.ContextErr(ctx))
		}
	}
	if again || r.err == nil {
		return nil
	}
	return opError("close", r.err)
}

func (r *Recorder) hasEnded() bool {
	select {
	case <-r.ended:
		return true
	default:
		return false
	}
}

// A netInterface stands for all streams of one name.
type netInterface struct {
	name    string
	id      uint32 // in the capture, from 1; 0 before it is there. The writer's
	dropped uint64 // guarded by the queue's mutex
}

// newSubject returns something to be recorded, under a name.
func (r *Recorder) newSubject(name string) *subject {
	r.mu.Lock()
	defer r.mu.Unlock()
	i := r.interfaces[name]
	if i == nil {
		i = &netInterface{name: name}
		r.interfaces[name] = i
	}
	r.subjects++
	return &subject{r: r, id: r.subjects, net: i}
}

func opError(op string, err error) error {
	return &abc.OpError{Op: op, Transport: "trace", Err: err}
}
