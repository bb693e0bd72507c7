package bufstream

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

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

	large     *[]byte // has the message that was last received, or is nil
	lastLarge int     // the size of that message, 0 if it was not large

	waker waker
}

func (r *incoming[T]) init(below abc.ReceiveStream, codec Codec[T], opts MessageOptions) {
	if codec.Decode == nil {
		panic("bufstream: a Codec without Decode cannot receive")
	}
	r.below, r.codec, r.limit = below, codec, opts.Limit
	if !opts.Views {
		r.clone, _ = any(bytes.Clone).(func(T) T) // only where T is []byte
	}
	switch below := below.(type) {
	case *Receiver:
		r.shared = below
	case *Stream:
		r.shared = below.Receiver
	default:
		r.buf = &Buffer{Limit: Unlimited}
		return
	}
	r.below, r.buf = r.shared.below, &r.shared.buf
}

func (r *incoming[T]) receive(ctx context.Context) (m T, err error) {
	if r.shared != nil || !r.turn.tryEnter(ctx) { // the common case, without a call
		if err := r.enter(ctx); err != nil {
			return m, err
		}
	}
	defer r.leave()
	return r.next(ctx)
}

// messages receives until there is an error, or yield wants no more.
func (r *incoming[T]) messages(ctx context.Context, yield func(T, error) bool) {
	if err := r.yieldMessages(ctx, yield); err != nil && err != io.EOF {
		var zero T
		yield(zero, err) // no longer inside
	}
}

func (r *incoming[T]) yieldMessages(ctx context.Context, yield func(T, error) bool) error {
	if err := r.enter(ctx); err != nil {
		return err
	}
	defer r.leave()
	r.turn.keep()
	endless := ctx.Done() == nil
	for {
		m, err := r.next(ctx)
		if err != nil {
			return err
		}
		switch {
		case !yield(m, nil):
			return nil
		case r.turn.closed():
			return opError("receive", 0, abc.ErrClosed)
		case !endless && ctx.Err() != nil:
			return opError("receive", 0, abc.ContextErr(ctx))
		}
	}
}

func (r *incoming[T]) enter(ctx context.Context) error {
	if err := r.turn.enter(ctx); err != nil {
		return opError("receive", 0, err)
	}
	if r.shared != nil {
		if err := r.shared.enter(ctx); err != nil {
			r.turn.leave()
			return err
		}
	}
	return nil
}

func (r *incoming[T]) leave() {
	if r.shared != nil {
		r.shared.guard.Leave()
	}
	r.turn.leave()
}

// next returns the next message.
func (r *incoming[T]) next(ctx context.Context) (m T, err error) {
	if r.large != nil { // the view of what it holds ends here
		freeArray(r.large)
		r.large = nil
	}
	for r.failed == nil {
		if b := r.buf.Bytes(); len(b) > r.need {
			m, n, err := r.codec.Decode(b, &r.scan)
			if err == nil && 0 < n && n <= len(b) && n <= r.limit {
				r.buf.Discard(n) // m is not overwritten before the next receive
				return r.begin(m, n), nil
			}
			m, n, found, err := r.judge(b, m, n, err)
			r.buf.Discard(n)
			if found || err != nil {
				return m, err
			}
			continue
		}
		if r.isLarge() {
			if m, found, err := r.receiveLarge(ctx); found || err != nil {
				return m, err
			}
		} else if err := r.more(ctx); err != nil {
			return m, err
		}
	}
	return m, opError("receive", 0, r.failed)
}

// judge returns what it means that Decode returned m, n and err for b: a message
// of n bytes, or an error instead of it, or n bytes that are to be skipped. Else
// it notes how many bytes have to be there, or why no message can be.
func (r *incoming[T]) judge(b []byte, m T, n int, err error) (T, int, bool, error) {
	var zero T
	switch {
	case n < 0 || n > len(b) && err != nil || err == ErrSkip && n == 0:
		panic(fmt.Sprintf("bufstream: Decode returned %d and %v for %d bytes", n, err, len(b)))
	case err == ErrSkip:
		r.begin(zero, 0)
		return zero, n, false, nil
	case err != nil && n == 0:
		r.failed = abc.Broken(err)
	case n == 0 && len(b)-r.codec.overheadOf(b) < r.limit:
		r.need = len(b)
	case n == 0, n-r.codec.overheadOf(b[:min(n, len(b))]) > r.limit:
		r.failed = abc.Broken(&TooLongError{r.limit})
	case n > len(b):
		r.need = n - 1
	case err != nil:
		r.begin(zero, 0)
		if errors.Is(err, io.EOF) { // not of the stream
			err = io.ErrUnexpectedEOF
		}
		return zero, n, false, opError("receive", 0, err)
	default:
		return r.begin(m, n), n, true, nil
	}
	return zero, 0, false, nil
}

// begin begins a message after m, of n bytes, and returns what to make of that.
func (r *incoming[T]) begin(m T, n int) T {
	r.scan, r.need, r.lastLarge = Scan{}, 0, 0
	if n >= largeMessage {
		r.lastLarge = n
	}
	if r.clone != nil && n > 0 {
		return r.clone(m)
	}
	return m
}

// more receives ahead. It returns an error that does not stay.
func (r *incoming[T]) more(ctx context.Context) error {
	_, err := r.buf.Extend(r.waker.context(ctx), r.below, r.need+1-r.buf.Len())
	return r.check(ctx, err)
}

// check returns the error of a receive below that does not stay.
func (r *incoming[T]) check(ctx context.Context, err error) error {
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
