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
// Nothing. An operation that ctx ended, that found an item too long, or that
// met the end of the stream in the middle of an item consumed nothing ([Receiver.Discard]
// says how much it did): the next operation finds every byte. Such an end is
// [io.ErrUnexpectedEOF], and [Receiver.Buffered] has what there still is;
// io.EOF is an end between two items.
//
// # Views
//
// A []byte that a method returns is a view of the buffer: it is valid until the
// next operation of this Receiver. Buffered and Unread are none in this sense,
// and Close is not: a view that another goroutine is looking at outlives it.
type Receiver struct {
	below abc.ReceiveStream
	guard abc.Guard
	limit int

	ended atomic.Int32

	buf Buffer // belongs to who is inside
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

// direct is from which size on bytes are received into the caller's memory.
// Below it, receiving ahead saves more than the copy costs.
const direct = 4 << 10

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
	n, err := r.below.ReceiveSome(ctx, p)
	if r.guard.Closed() {
		return 0, opError("receive", 0, abc.ErrClosed)
	}
	return n, err
}

// ReceiveExactly fills p. It blocks until all of it is there, and needs no
// buffer for a large p: that is received into directly.
//
// If it fails, what came is put back, and p has no meaning. An empty p needs
// nothing.
func (r *Receiver) ReceiveExactly(ctx context.Context, p []byte) error {
	if err := r.guard.Enter(ctx); err != nil {
		return opError("receive", 0, err)
	}
	if n := len(p); n <= r.buf.Len() { // without a defer, which would cost as much as the rest
		copy(p, r.buf.array[r.buf.start:])
		r.buf.Discard(n)
		r.guard.Leave()
		return nil
	}
	defer r.guard.Leave()
	for r.buf.Len() < len(p) {
		missing := len(p) - r.buf.Len()
		if missing >= direct {
			return r.receiveDirectly(ctx, p)
		}
		if err := r.more(ctx, missing); err != nil {
			return err
		}
	}
	r.take(p)
	return nil
}

func (r *Receiver) receiveDirectly(ctx context.Context, p []byte) error {
	got := r.take(p)
	r.rest()
	for len(p)-got >= direct {
		n, err := r.below.ReceiveSome(ctx, p[got:])
		got += n
		if err = r.check(err, got > 0); err != nil {
			r.putBack(p[:got])
			return err
		}
	}
	for rest := p[got:]; r.buf.Len() < len(rest); {
		if err := r.more(ctx, len(rest)-r.buf.Len()); err != nil {
			r.putBack(p[:got])
			return unexpected(err)
		}
	}
	r.take(p[got:])
	return nil
}

// Peek returns the next n bytes and consumes nothing. It blocks until they are
// there. n may not be more than the limit.
func (r *Receiver) Peek(ctx context.Context, n int) ([]byte, error) {
	if err := r.enterWith(ctx, n < 0, errNegative); err != nil {
		return nil, err
	}
	defer r.guard.Leave()
	if n > r.limit {
		return nil, r.tooLong()
	}
	for r.buf.Len() < n {
		if err := r.more(ctx, n-r.buf.Len()); err != nil {
			return nil, err
		}
	}
	return r.buf.Bytes()[:n:n], nil
}

// Discard consumes the next n bytes, and blocks until that many came. With an
// error it returns how many it did consume.
func (r *Receiver) Discard(ctx context.Context, n int) (discarded int, err error) {
	if err := r.enterWith(ctx, n < 0, errNegative); err != nil {
		return 0, err
	}
	defer r.guard.Leave()
	for {
		k := min(n-discarded, r.buf.Len())
		r.buf.Discard(k)
		if discarded += k; discarded == n {
			return n, nil
		}
		if err := r.more(ctx, n-discarded); err != nil {
			if discarded > 0 {
				err = unexpected(err)
			}
			return discarded, err
		}
	}
}

// Buffered returns what was received and not consumed. It does not block. It is
// nil while an operation is in progress, and after Close and Detach.
func (r *Receiver) Buffered() []byte {
	if r.guard.Enter(context.Background()) != nil {
		return nil
	}
	defer r.guard.Leave()
	return r.buf.Bytes()
}

// Unread puts a copy of p in front of what comes next. p may be a view that was
// just returned. It does not block, and fails only with [abc.ErrBusy] and
// [abc.ErrClosed].
func (r *Receiver) Unread(p []byte) error {
	if err := r.enter(context.Background()); err != nil {
		return err
	}
	defer r.guard.Leave()
	r.putBack(p)
	return nil
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
	_, err := r.buf.Extend(ctx, r.below, n)
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
