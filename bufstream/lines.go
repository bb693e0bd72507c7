package bufstream

import (
	"bytes"
	"context"
	"io"
	"iter"

	"github.com/tributary-go/tributary/abc"
)

var newline = []byte{'\n'}

// ReceiveLine returns the next line without its ending, which is LF or CRLF, and
// consumes both. It blocks until the ending is there. What comes after the last
// ending is a line, too; then comes io.EOF. So a line that the peer did not get
// to finish looks like one that it did: where that matters, use
// [Receiver.ReceiveUntil].
//
// A line of more than the limit is a [*TooLongError] as soon as that is known.
func (r *Receiver) ReceiveLine(ctx context.Context) ([]byte, error) {
	if err := r.guard.Enter(ctx); err != nil {
		return nil, opError("receive", 0, err)
	}
	if line, ok := r.heldLine(); ok {
		r.guard.Leave()
		return line, nil
	}
	defer r.guard.Leave()
	return r.awaitLine(ctx)
}

// heldLine consumes the next line if it is buffered and not too long, in as
// few steps as can be: what ReceiveLine costs is mostly what it does here.
func (r *Receiver) heldLine() ([]byte, bool) {
	b := &r.buf
	if b.searched > 0 {
		return nil, false // a part of it has been looked at already
	}
	held := b.array[b.start:b.end]
	i := bytes.IndexByte(held, '\n')
	if i < 0 {
		b.seek(newline)
		b.searched = len(held)
		return nil, false
	}
	line := withoutCR(held[:i])
	if len(line) > r.limit {
		return nil, false
	}
	b.start += i + 1
	return line, true
}

func (r *Receiver) awaitLine(ctx context.Context) ([]byte, error) {
	i := r.buf.Index(newline)
	if i < 0 {
		var last bool
		var err error
		switch i, last, err = r.moreLine(ctx); {
		case err != nil:
			return nil, err
		case last:
			return r.line(r.buf.Len(), 0)
		}
	}
	return r.line(i, 1)
}

// Lines iterates over the lines, as ReceiveLine returns them. The loop ends
// with the stream; an error other than io.EOF is yielded last, with no line.
//
// It is the fastest way to read many lines, for it is one operation, from the
// first line to the last: another one in the loop's body is [abc.ErrBusy].
// Leave the loop for that, nothing is lost, or use ReceiveLine. When ctx is done
// or the receiver closed, the next line is not yielded any more. A line is
// valid until the next one is asked for.
func (r *Receiver) Lines(ctx context.Context) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		if err := r.yieldLines(ctx, yield); err != nil && err != io.EOF {
			yield(nil, err) // no longer inside
		}
	}
}

func (r *Receiver) yieldLines(ctx context.Context, yield func([]byte, error) bool) error {
	if err := r.enter(ctx); err != nil {
		return err
	}
	defer r.guard.Leave()
	endless := ctx.Done() == nil
	b := &r.buf
	for i := b.Index(newline); ; {
		for i >= 0 {
			line := withoutCR(b.array[b.start : b.start+i])
			if len(line) > r.limit {
				return r.tooLong()
			}
			b.start += i + 1
			b.searched = 0
			switch {
			case !yield(line, nil):
				return nil
			case r.guard.Closed():
				return opError("receive", 0, abc.ErrClosed)
			case !endless && ctx.Err() != nil:
				return opError("receive", 0, abc.ContextErr(ctx))
			}
			i = bytes.IndexByte(b.array[b.start:b.end], '\n')
		}
		b.searched = b.Len()
		var last bool
		var err error
		switch i, last, err = r.moreLine(ctx); {
		case err != nil:
			return err
		case last:
			line, err := r.line(b.Len(), 0)
			if err == nil {
				yield(line, nil)
			}
			return err
		}
	}
}

// line consumes a line of n bytes and its LF, if it has one.
func (r *Receiver) line(n, lf int) ([]byte, error) {
	line := r.buf.Bytes()[:n:n]
	if lf > 0 {
		line = withoutCR(line)
	}
	if len(line) > r.limit {
		return nil, r.tooLong()
	}
	r.buf.Discard(n + lf)
	return line, nil
}

func withoutCR(line []byte) []byte {
	n := len(line)
	if n > 0 && line[n-1] == '\r' {
		n--
	}
	return line[:n:n]
}

// moreLine receives until the line that has no LF so far has one, and returns
// where. At the end of the stream what is left is the last line.
func (r *Receiver) moreLine(ctx context.Context) (i int, last bool, err error) {
	for b := &r.buf; ; {
		held := b.Len()
		if held > r.limit+1 { // a CR would not be of the line
			return -1, false, r.tooLong()
		}
		n, err := b.Extend(r.waker.context(ctx), r.below, 0)
		switch {
		case r.guard.Closed():
			return -1, false, opError("receive", 0, abc.ErrClosed)
		case err == io.EOF && held > 0:
			return -1, true, nil
		case err != nil:
			return -1, false, err
		}
		b.searched = held
		if i = indexByte(b.array[b.end-n:b.end], '\n'); i >= 0 {
			return held + i, false, nil
		}
		b.searched += n
	}
}
