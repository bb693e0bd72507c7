package bridge

import (
	"context"
	"io"

	"github.com/tributary-go/tributary/abc"
)

// FromWriter makes a sending half of wc, which it owns: it gives a context to
// a Write that knows none.
//
// A goroutine does the Writes, in chunks of up to 32 KiB that are copied from
// p, and SendAll waits for them: it returns nil only once Write returned for
// all of p. When ctx is done SendAll returns; the chunk that wc has by then is
// committed, and counted in Sent, and the stream goes on after it: the next
// SendAll waits first, under its own ctx, for that chunk to be written. There
// is never more than one such goroutine, and none while nothing is being
// written.
//
// An error of Write is [abc.ErrBroken] with that cause, and stays. If it comes
// to a chunk of a SendAll that was cancelled, the next SendAll returns it, or
// Close if there is none. A Write that writes less than it was given without
// an error is [io.ErrShortWrite].
//
// Close wakes a SendAll that is blocked; Sent is -1 then. A graceful Close
// waits for a chunk that is being written, and then calls wc.Close. A forceful
// one calls wc.Close at once, so that chunk may be cut off. A Write which that
// does not interrupt is left to end by itself. So is a wc.Close that outlasts
// ctx: Close returns the error of ctx, and a later Close waits, while its own
// ctx lasts, for the end of wc.Close.
func FromWriter(wc io.WriteCloser) abc.SendStream {
	if wc == nil {
		panic("bridge: FromWriter of a nil io.WriteCloser")
	}
	return newFromWriter(wc, newCloser(wc))
}

func newFromWriter(w io.Writer, c *closer) *fromWriter {
	return &fromWriter{w: w, closer: c, turn: make(chan struct{}, 1)}
}

type fromWriter struct {
	w       io.Writer
	closer  *closer
	sending abc.Guard

	// turn is passed on from who hands over a chunk to the goroutine that
	// writes it, which gives it back. Who has it has what follows.
	turn     chan struct{}
	buf      []byte
	n        int   // how many bytes of the last chunk were written
	err      error // what broke the stream, for ever
	reported bool  // err was returned to somebody
}

var _ abc.SendStream = (*fromWriter)(nil)

// SendAll implements [abc.SendStream].
func (f *fromWriter) SendAll(ctx context.Context, p []byte) error {
	if err := f.sending.Enter(ctx); err != nil {
		return opError("send", 0, err)
	}
	defer f.sending.Leave()
	if len(p) == 0 {
		return nil
	}
	sent := 0 // handed over, and written but for the last chunk
	last := 0 // the size of that
	for {
		// To have the turn again is to know what became of the last chunk.
		if err := f.wait(ctx); err != nil {
			if last > 0 && err == abc.ErrClosed {
				sent = -1
			}
			return opError("send", sent, err)
		}
		if f.err != nil && last > 0 {
			sent += f.n - last
		}
		if done, err := f.goOn(ctx, sent == len(p)); done {
			<-f.turn
			if err != nil {
				err = opError("send", sent, err)
			}
			return err
		}
		if size := min(len(p), chunkSize); len(f.buf) < size {
			f.buf = make([]byte, size)
		}
		last = copy(f.buf, p[sent:])
		sent += last
		go f.write(f.buf[:last])
	}
}

// wait takes the turn.
func (f *fromWriter) wait(ctx context.Context) error {
	select {
	case f.turn <- struct{}{}:
		return nil
	case <-f.closer.begun:
		return abc.ErrClosed
	case <-ctx.Done():
		return abc.ContextErr(ctx)
	}
}

// goOn says, for who has the turn, whether SendAll is done, and with what
// error. What our own Close did to a Write is not the error.
func (f *fromWriter) goOn(ctx context.Context, all bool) (done bool, err error) {
	switch {
	case f.sending.Closed() && (f.err != nil || !all):
		return true, abc.ErrClosed
	case f.err != nil:
		f.reported = true
		return true, f.err
	case all:
		return true, nil
	}
	return ctx.Err() != nil, abc.ContextErr(ctx)
}

func (f *fromWriter) write(chunk []byte) {
	n, err := f.w.Write(chunk)
	switch {
	case n < 0 || n > len(chunk):
		n, err = 0, errInvalidCount
	case n < len(chunk) && err == nil:
		err = io.ErrShortWrite
	}
	f.n = n
	if err != nil {
		f.err = abc.Broken(err)
	}
	<-f.turn
}

// Close implements [abc.AsyncResource]. See [FromWriter] for what it waits for.
func (f *fromWriter) Close(ctx context.Context) error {
	f.sending.Close()
	return f.closer.close(ctx, f.settle)
}

// settle waits for the chunk that is being written, and returns what broke the
// stream if nobody knows yet.
func (f *fromWriter) settle(ctx context.Context) error {
	select {
	case f.turn <- struct{}{}:
	default:
		select {
		case f.turn <- struct{}{}:
		case <-ctx.Done():
			return abc.ContextErr(ctx)
		}
	}
	defer func() { <-f.turn }()
	if f.reported {
		return nil
	}
	return f.err
}
