package bufstream

import (
	"context"
	"io"
	"iter"

	"github.com/tributary-go/tributary/abc"
)

// Records iterates over records of size bytes each, until the stream ends. An
// error other than io.EOF is yielded last, with no record; the end inside a
// record is [io.ErrUnexpectedEOF]. size must be positive and not more than the
// limit.
//
// As [Receiver.Lines] is for lines, it is the fastest way to read many small
// records: it copies nothing, and is one operation from the first to the last.
// Another one in the loop's body is [abc.ErrBusy]; leave the loop for that. When
// ctx is done or the receiver closed, the next record is not yielded any more.
// A record is valid until the next one is asked for.
func (r *Receiver) Records(ctx context.Context, size int) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		if err := r.yieldRecords(ctx, size, yield); err != nil && err != io.EOF {
			yield(nil, err) // no longer inside
		}
	}
}

func (r *Receiver) yieldRecords(ctx context.Context, size int, yield func([]byte, error) bool) error {
	if err := r.enterWith(ctx, size <= 0, errNotPositive); err != nil {
		return err
	}
	defer r.guard.Leave()
	if size > r.limit {
		return r.tooLong()
	}
	endless := ctx.Done() == nil
	b := &r.buf
	for {
		for b.end-b.start >= size {
			record := b.array[b.start : b.start+size : b.start+size]
			b.start += size
			b.searched = 0
			switch {
			case !yield(record, nil):
				return nil
			case r.guard.Closed():
				return opError("receive", 0, abc.ErrClosed)
			case !endless && ctx.Err() != nil:
				return opError("receive", 0, abc.ContextErr(ctx))
			}
		}
		if err := r.more(ctx, size-b.Len()); err != nil {
			return err
		}
	}
}
