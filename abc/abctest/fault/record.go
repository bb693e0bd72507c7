package fault

import (
	"bytes"
	"context"
	"slices"
	"sync"

	"github.com/tributary-go/tributary/abc"
)

// A Recorder is a stream that records the calls of its methods, and what went
// through them. Make one with [Record].
//
// It changes nothing, and all its methods may run at the same time. What is
// recorded stays in memory.
type Recorder struct {
	below abc.Stream

	mu    sync.Mutex
	calls []Call
}

var (
	_ abc.Stream    = (*Recorder)(nil)
	_ abc.Unwrapper = (*Recorder)(nil)
)

// Record returns s with a record of what is done to it.
func Record(s abc.Stream) *Recorder {
	if s == nil {
		panic("fault: a nil stream")
	}
	return &Recorder{below: s}
}

// Calls returns the calls until now, in the order in which they began. It
// does not block.
func (r *Recorder) Calls() []Call {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.calls)
}

// Count returns how many calls of op there were until now, those that failed
// and that have not returned yet included. It does not block.
func (r *Recorder) Count(op string) int {
	n := 0
	for _, c := range r.Calls() {
		if c.Op == op {
			n++
		}
	}
	return n
}

// Sent returns what was sent until now. It does not block.
func (r *Recorder) Sent() []byte { return r.data("send") }

// Received returns what was received until now. It does not block.
func (r *Recorder) Received() []byte { return r.data("receive") }

func (r *Recorder) data(op string) []byte {
	var all []byte
	for _, c := range r.Calls() {
		if c.Op == op {
			all = append(all, c.Data...)
		}
	}
	return all
}

// SendAll implements [abc.SendStream].
func (r *Recorder) SendAll(ctx context.Context, p []byte) error {
	i := r.begin("send")
	err := r.below.SendAll(ctx, p)
	sent := len(p)
	if err != nil {
		sent = abc.Sent(err)
	}
	r.end(i, p, sent, err)
	return err
}

// ReceiveSome implements [abc.ReceiveStream].
func (r *Recorder) ReceiveSome(ctx context.Context, p []byte) (int, error) {
	i := r.begin("receive")
	n, err := r.below.ReceiveSome(ctx, p)
	r.end(i, p, n, err)
	return n, err
}

// SendEOF implements [abc.Stream].
func (r *Recorder) SendEOF(ctx context.Context) error {
	i := r.begin("send EOF")
	err := r.below.SendEOF(ctx)
	r.end(i, nil, 0, err)
	return err
}

// Close implements [abc.AsyncResource].
func (r *Recorder) Close(ctx context.Context) error {
	i := r.begin("close")
	err := r.below.Close(ctx)
	r.end(i, nil, 0, err)
	return err
}

// Unwrap implements [abc.Unwrapper].
func (r *Recorder) Unwrap() abc.AsyncResource { return r.below }

// begin records that a call began, and returns its index.
func (r *Recorder) begin(op string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls = append(r.calls, Call{Op: op, Pending: true})
	return len(r.calls) - 1
}

// end records how call i ended, in which n bytes of p went.
func (r *Recorder) end(i int, p []byte, n int, err error) {
	var data []byte
	if n > 0 {
		data = bytes.Clone(p[:min(n, len(p))]) // it may be a faulty stream that is recorded
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	c := &r.calls[i]
	c.Data, c.Err, c.Pending = data, err, false
}
