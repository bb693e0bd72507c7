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
	again     func()        // flushes in the background, if nobody flushes
	flushing  chan struct{} // holds a token while somebody flushes

	mu  sync.Mutex
	buf []byte // what was written since a flush last looked

	// What is being sent, and why nothing can be any more. They belong to who
	// holds the token.
	rest []byte
	base []byte // the start of rest's array, to use it again
	err  error
}

const (
	// gather is how many bytes of a send are encrypted before the transport
	// gets them: enough to save most transport sends, few enough for the cache.
	gather = 64 << 10

	// outboxSize has room for that and the overhead of its records.
	outboxSize = gather + 4<<10
)

var outboxPool = sync.Pool{New: func() any { return new([outboxSize]byte) }}

func (o *outbox) add(p []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.buf == nil {
		o.buf = outboxPool.Get().(*[outboxSize]byte)[:0]
	}
	o.buf = append(o.buf, p...)
}

// pending returns how many bytes there are that no flush has looked at.
func (o *outbox) pending() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.buf)
}

// acquire takes the right to flush.
func (o *outbox) acquire(ctx context.Context) error {
	select {
	case o.flushing <- struct{}{}:
		return nil
	default:
	}
	select {
	case o.flushing <- struct{}{}:
		return nil
	case <-ctx.Done():
		return abc.ContextErr(ctx)
	}
}

func (o *outbox) tryAcquire() bool {
	select {
	case o.flushing <- struct{}{}:
		return true
	default:
		return false
	}
}

// release gives the right back, and sees to it that what a cancelled flush left,
// or somebody added after the last look, is not forgotten.
func (o *outbox) release() {
	intact, left := o.err == nil, len(o.rest)
	<-o.flushing
	if intact && (left > 0 || o.pending() > 0) {
		o.again()
	}
}

// flush blocks until the transport took everything. It returns the error of
// ctx, after which the rest goes out in the background, or else one that stays.
func (o *outbox) flush(ctx context.Context) error {
	if err := o.acquire(ctx); err != nil {
		o.again()
		return err
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
		if cap(o.base) == outboxSize {
			outboxPool.Put((*[outboxSize]byte)(o.base[:outboxSize]))
		}
		o.base = nil
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.rest, o.base, o.buf = o.buf, o.buf, nil
	return len(o.rest) > 0
}
