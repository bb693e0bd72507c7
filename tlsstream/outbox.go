package tlsstream

import (
	"context"
	"errors"
	"sync"

	"github.com/tributary-go/tributary/abc"
)

// An outbox holds the records that crypto/tls wrote, until the transport took
// them. Writing to it never blocks and never fails, so that crypto/tls, which
// is broken for good by a failed write, never sees one. A cancelled flush keeps
// what is left, and the next one goes on from there. What is added between two
// flushes is bounded: a send adds no more than gather before it flushes, and a
// receive flushes, too, when there is more than that.
//
// Any goroutine may add; one at a time flushes.
type outbox struct {
	transport abc.SendStream
	again     func() // flushes in the background, if nobody flushes

	mu       sync.Mutex
	buf      []byte        // what was written since a flush last looked
	sealed   bool          // nothing may be added any more
	flushing bool          // somebody flushes
	free     chan struct{} // closed when nobody does any more; nil if nobody waits for that

	// What is being sent, and why nothing can be any more. They belong to who
	// flushes.
	rest []byte
	base []byte // the start of rest's array, to use it again
	err  error
}

func (o *outbox) add(p []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.sealed {
		return
	}
	o.buf = appendBuffer(o.buf, p)
}

// seal has add drop what comes from then on.
func (o *outbox) seal() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.sealed = true
}

// pending returns how many bytes there are that no flush has looked at.
func (o *outbox) pending() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.buf)
}

// idle reports whether there is nothing to flush, and nobody who does.
func (o *outbox) idle() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return !o.flushing && o.err == nil && len(o.rest) == 0 && len(o.buf) == 0
}

// acquire takes the right to flush. It waits for who has it.
func (o *outbox) acquire(ctx context.Context) error {
	for {
		o.mu.Lock()
		if !o.flushing {
			o.flushing = true
			o.mu.Unlock()
			return nil
		}
		if o.free == nil {
			o.free = make(chan struct{})
		}
		free := o.free
		o.mu.Unlock()
		select {
		case <-free:
		case <-ctx.Done():
			return abc.ContextErr(ctx)
		}
	}
}

func (o *outbox) tryAcquire() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.flushing {
		return false
	}
	o.flushing = true
	return true
}

// release gives the right back, and sees to it that what a cancelled flush left,
// or somebody added after the last look, is not forgotten.
func (o *outbox) release() {
	o.mu.Lock()
	left := o.err == nil && (len(o.rest) > 0 || len(o.buf) > 0)
	o.flushing = false
	if o.free != nil {
		close(o.free)
		o.free = nil
	}
	o.mu.Unlock()
	if left {
		o.again()
	}
}

// flush blocks until the transport took everything. It returns the error of
// ctx, after which the rest goes out in the background, or else one that stays.
func (o *outbox) flush(ctx context.Context) error {
	if o.idle() {
		return nil
	}
	if err := o.acquire(ctx); err != nil {
		return err // who flushes looks again before they release
	}
	defer o.release()
	return o.flushHeld(ctx)
}

func (o *outbox) flushHeld(ctx context.Context) error {
	for o.err == nil && o.next() {
		err := o.transport.SendAll(ctx, o.rest)
		if err == nil {
			o.rest = nil
			continue
		}
		sent := abc.Sent(err)
		if ctx.Err() == nil || !errors.Is(err, ctx.Err()) {
			o.err = fatal(err)
		} else if sent < 0 {
			o.err = abc.Broken(errUnknownPosition)
			return abc.ContextErr(ctx)
		} else {
			o.rest = o.rest[sent:]
			return abc.ContextErr(ctx)
		}
	}
	return o.err
}

// next makes rest what is to be sent next, if there is anything.
func (o *outbox) next() bool {
	if len(o.rest) > 0 {
		return true
	}
	if o.base != nil {
		freeBuffer(o.base)
		o.base = nil
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.rest, o.base, o.buf = o.buf, o.buf, nil
	return len(o.rest) > 0
}
