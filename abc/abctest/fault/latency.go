package fault

import (
	"bytes"
	"context"
	"time"

	"github.com/tributary-go/tributary/abc"
)

const (
	// inFlight is how many arrivals wait for their time, and arrivalSize how
	// large each may be, in bytes: 4 MiB in all.
	inFlight    = 1024
	arrivalSize = 4 << 10
)

// Latency returns s with a delay of d for what is received: bytes, the end or
// an error that arrive at a time are delivered d later, as on a long wire. It
// is not a pause for each call, what arrives together is delivered together.
// Up to 4 MiB and 1024 arrivals are on the wire; then it pushes back.
//
// Sending is not delayed: wrap both ends for a round trip of 2*d.
//
// A goroutine receives from s, from now on, which Close ends and waits for. So the
// stream must be closed, and inside testing/synctest it must be made
// where it is used.
func Latency(s abc.Stream, d time.Duration) *Stream {
	f := wrap(s)
	w := &wire{delay: d, closed: f.closed, arrivals: make(chan arrival, inFlight)}
	f.receive = w.receive
	f.background.Go(func() { w.fill(s) })
	return f
}

// A wire holds what has arrived until it is due.
type wire struct {
	delay    time.Duration
	closed   <-chan struct{}
	arrivals chan arrival // in the order in which they are due

	// The arrival that is next, if next.due is set. Only the receiver uses it,
	// of which there is one at a time. An error stays there.
	next arrival
}

// An arrival is some bytes, or what came instead of bytes.
type arrival struct {
	due  time.Time
	data []byte
	err  error
}

// fill receives from r until that fails or the stream is closed.
func (w *wire) fill(r abc.ReceiveStream) {
	buf := make([]byte, arrivalSize)
	for {
		n, err := r.ReceiveSome(context.Background(), buf) // Close ends it
		a := arrival{time.Now().Add(w.delay), bytes.Clone(buf[:n]), err}
		select {
		case w.arrivals <- a:
		case <-w.closed:
			return
		}
		if err != nil {
			return
		}
	}
}

// receive waits until something is due, and delivers all bytes that are.
func (w *wire) receive(ctx context.Context, p []byte) (int, error) {
	if err := w.await(ctx); err != nil {
		return 0, opError("receive", 0, err)
	}
	if w.next.err != nil {
		return 0, w.next.err
	}
	n := 0
	for n < len(p) && w.due() && w.next.err == nil {
		k := copy(p[n:], w.next.data)
		n += k
		if w.next.data = w.next.data[k:]; len(w.next.data) == 0 {
			w.next = arrival{}
		}
	}
	return n, nil
}

// due reports whether the next arrival is there and due.
func (w *wire) due() bool {
	if w.next.due.IsZero() {
		select {
		case w.next = <-w.arrivals:
		default:
			return false
		}
	}
	return !time.Now().Before(w.next.due)
}

// await blocks until the next arrival is due.
func (w *wire) await(ctx context.Context) error {
	if w.next.due.IsZero() {
		select {
		case w.next = <-w.arrivals:
		case <-ctx.Done():
			return abc.ContextErr(ctx)
		case <-w.closed:
			return abc.ErrClosed
		}
	}
	wait := time.Until(w.next.due)
	if wait <= 0 {
		return nil
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return abc.ContextErr(ctx)
	case <-w.closed:
		return abc.ErrClosed
	}
}
