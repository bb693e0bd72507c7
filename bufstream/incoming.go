package bufstream

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/tributary-go/tributary/abc"
)

// incoming is the receiving half of a stream of messages. Its turn guards what
// follows it.
type incoming[T any] struct {
	below abc.ReceiveStream
	codec Codec[T]
	limit int
	clone func(T) T // nil if messages need not be copied

	turn   turnstile
	shared *Receiver // which has buf and below, or nil
	buf    *Buffer
	scan   Scan
	need   int   // more than so many bytes have to be there for Decode
	failed error // what every further receive returns

	waking sync.Mutex // for kept, never held while anything blocks
	wakes  bool       // wake will be called
	kept   keptContext
}

func (r *incoming[T]) init(below abc.ReceiveStream, codec Codec[T], opts MessageOptions) {
	if codec.Decode == nil {
		panic("bufstream: a Codec without Decode cannot receive")
	}
	r.below, r.codec, r.limit = below, codec, opts.Limit
	if !opts.Views {
		r.clone, _ = any(bytes.Clone).(func(T) T) // only where T is []byte
	}
	if r.shared, _ = below.(*Receiver); r.shared != nil {
		r.below, r.buf = r.shared.below, &r.shared.buf
	} else {
		r.buf = &Buffer{Limit: Unlimited}
	}
}

func (r *incoming[T]) receive(ctx context.Context) (m T, err error) {
	if err := r.turn.enter(ctx); err != nil {
		return m, opError("receive", 0, err)
	}
	defer r.turn.leave()
	if r.shared != nil {
		if err := r.shared.enter(ctx); err != nil {
			return m, err
		}
		defer r.shared.guard.Leave()
	}
	for r.failed == nil {
		if b := r.buf.Bytes(); len(b) > r.need {
			m, found, err := r.decode(b)
			if found || err != nil {
				return m, err
			}
			continue
		}
		if err := r.more(ctx); err != nil {
			return m, err
		}
	}
	return m, opError("receive", 0, r.failed)
}

// decode consumes a message, if it is there, or what is to be skipped, or notes
// what has to come.
func (r *incoming[T]) decode(b []byte) (m T, found bool, err error) {
	m, n, err := r.codec.Decode(b, &r.scan)
	switch {
	case n < 0 || n > len(b) && err != nil || err == ErrSkip && n == 0:
		panic(fmt.Sprintf("bufstream: Decode returned %d and %v for %d bytes", n, err, len(b)))
	case err != nil && n == 0:
		r.failed, err = abc.Broken(err), nil
	case err == ErrSkip:
		r.consume(n)
		err = nil
	case n == 0 && len(b)-r.codec.overheadOf(b) >= r.limit,
		n > len(b) && n-r.codec.overheadOf(b) > r.limit,
		n > 0 && n <= len(b) && n-r.codec.overheadOf(b[:n]) > r.limit:
		r.failed = abc.Broken(&TooLongError{r.limit})
	case n == 0:
		r.need = len(b)
	case n > len(b):
		r.need = n - 1
	default:
		r.consume(n)
		if err == nil {
			if r.clone != nil {
				m = r.clone(m)
			}
			return m, true, nil
		}
		if errors.Is(err, io.EOF) { // not of the stream
			err = io.ErrUnexpectedEOF
		}
	}
	var zero T
	return zero, false, opError("receive", 0, err)
}

func (r *incoming[T]) consume(n int) {
	r.buf.Discard(n)
	r.scan, r.need = Scan{}, 0
}

// more receives. It returns an error that does not stay.
func (r *incoming[T]) more(ctx context.Context) error {
	_, err := r.buf.Extend(r.context(ctx), r.below, r.need+1-r.buf.Len())
	switch {
	case err == nil:
		return nil
	case r.turn.closed() && (ctx.Err() == nil || !errors.Is(err, ctx.Err())):
		return opError("receive", 0, abc.ErrClosed)
	case err != io.EOF:
		return err
	case r.buf.Len() > 0:
		r.failed = abc.Broken(io.ErrUnexpectedEOF)
	default:
		r.failed = io.EOF
	}
	return nil
}

// context returns the context for a receive below, which wake ends.
func (r *incoming[T]) context(ctx context.Context) context.Context {
	if !r.wakes {
		return ctx
	}
	r.waking.Lock()
	defer r.waking.Unlock()
	kept := r.kept.of(ctx)
	if r.turn.closed() {
		r.kept.end(nil)
	}
	return kept
}

// wake ends a receive that is blocked below, for a Close that cannot close what
// is below yet. It is called after turn.close.
func (r *incoming[T]) wake() {
	r.waking.Lock()
	defer r.waking.Unlock()
	r.kept.end(nil)
}
