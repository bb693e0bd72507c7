package bufstream

import (
	"context"
	"io"
	"sync/atomic"

	"github.com/tributary-go/tributary/abc"
)

// A Receiver receives ahead, and gives out what comes in the pieces that a
// protocol is made of. It is itself an [abc.ReceiveStream]: what is buffered
// comes first. Make one with [NewReceiver], which owns the stream below.
//
// One operation at a time may run, a second one is [abc.ErrBusy]; Close may be
// called at any time. An operation blocks only while what it needs is not
// buffered.
//
// # What is lost
//
// Nothing. An operation that ctx ended, that found an item too long, or that met
// the end of the stream in the middle of an item consumed nothing: the next
// operation finds every byte. ([Receiver.Discard] says how much it consumed.)
// Such an end is [io.ErrUnexpectedEOF], and [Receiver.Buffered] has what there
// still is; io.EOF is an end between two items.
//
// # Views
//
// A []byte that a method returns is a view of the buffer. It is valid until the
// next operation of this Receiver other than Buffered and Close: a view that
// one goroutine is looking at outlives a Close by another.
type Receiver struct {
	below abc.ReceiveStream
	guard abc.Guard
	limit int
	ended atomic.Int32
	waker waker
	buf   Buffer // belongs to who is inside
}

const ( // the values of ended
	notEnded = iota
	endedByClose
	endedByDetach
)

var (
	_ abc.ReceiveStream = (*Receiver)(nil)
	_ abc.Unwrapper     = (*Receiver)(nil)
)

// NewReceiver makes a receiver of r, which it owns. opts may be nil.
func NewReceiver(r abc.ReceiveStream, opts *Options) *Receiver {
	if r == nil {
		panic("bufstream: NewReceiver of a nil stream")
	}
	return &Receiver{below: r, limit: opts.limit(), buf: Buffer{Limit: noLimit}}
}

// ReceiveSome implements [abc.ReceiveStream]. It returns what is buffered, if
// anything is, and otherwise receives right into p, and nothing ahead.
func (r *Receiver) ReceiveSome(ctx context.Context, p []byte) (int, error) {
	if err := r.guard.EnterReceive(ctx, p); err != nil {
		return 0, opError("receive", 0, err)
	}
	defer r.guard.Leave()
	if n := r.take(p); n > 0 {
		return n, nil
	}
	r.rest()
	n, err := r.below.ReceiveSome(r.waker.context(ctx), p)
	if r.guard.Closed() {
		return 0, opError("receive", 0, abc.ErrClosed)
	}
	return n, err
}

// Unwrap implements [abc.Unwrapper].
func (r *Receiver) Unwrap() abc.AsyncResource { return r.below }

// Close implements [abc.AsyncResource]: it closes the stream below. What is
// buffered is dropped. After Detach it does nothing.
func (r *Receiver) Close(ctx context.Context) error {
	if !r.end() {
		return nil
	}
	return r.below.Close(ctx)
}

// end makes every later operation ErrClosed, and drops what is buffered. It
// returns false after Detach.
func (r *Receiver) end() bool {
	busy := r.guard.Close()
	first := r.ended.CompareAndSwap(notEnded, endedByClose)
	if first && !busy {
		// Nobody is inside, nor can get there. Not Release: somebody may be
		// looking at a view.
		r.buf = Buffer{}
	}
	return r.ended.Load() == endedByClose
}

func (r *Receiver) enter(ctx context.Context) error {
	return opError("receive", 0, r.guard.Enter(ctx))
}

// enterWith is enter for an operation with an argument that may be wrong, which
// comes in the order of errors where an empty buffer does.
func (r *Receiver) enterWith(ctx context.Context, wrong bool, err error) error {
	if wrong && ctx.Err() == nil {
		return opError("receive", 0, err)
	}
	return r.enter(ctx)
}

// more receives, for an item that needs at least n bytes more.
func (r *Receiver) more(ctx context.Context, n int) error {
	_, err := r.buf.Extend(r.waker.context(ctx), r.below, n)
	return r.check(err, r.buf.Len() > 0)
}

// check returns the error of an operation in which below returned err, in the
// middle of an item or not.
func (r *Receiver) check(err error, inside bool) error {
	switch {
	case r.guard.Closed():
		return opError("receive", 0, abc.ErrClosed)
	case inside:
		return unexpected(err)
	}
	return err
}

// unexpected returns err, which came in the middle of an item.
func unexpected(err error) error {
	if err == io.EOF {
		return opError("receive", 0, io.ErrUnexpectedEOF)
	}
	return err
}

// take moves what is buffered to p, as much as fits.
func (r *Receiver) take(p []byte) int {
	n := copy(p, r.buf.Bytes())
	r.buf.Discard(n)
	return n
}

func (r *Receiver) putBack(p []byte) {
	if err := r.buf.Prepend(p); err != nil {
		panic("bufstream: internal error: " + err.Error())
	}
}

// rest gives the memory back while nothing is buffered.
func (r *Receiver) rest() {
	if r.buf.Len() == 0 && r.buf.memory != nil {
		r.buf.Release()
	}
}

func (r *Receiver) tooLong() error {
	return opError("receive", 0, &TooLongError{r.limit})
}
