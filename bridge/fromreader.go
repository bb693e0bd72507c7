package bridge

import (
	"context"
	"errors"
	"io"

	"github.com/tributary-go/tributary/abc"
)

// chunkSize bounds what is read or written in one call below, and so what a
// cancelled operation leaves there.
const chunkSize = 32 << 10

// maxEmptyReads is how many Reads in a row may return 0 and nil, as in bufio.
const maxEmptyReads = 100

var errInvalidCount = errors.New("invalid count of bytes")

// FromReader makes a receiving half of rc, which it owns: it gives a context
// to a Read that knows none.
//
// A goroutine does the Read, into a buffer of its own, and ReceiveSome waits
// for it. When ctx is done ReceiveSome returns, the Read goes on, and what it
// brings is kept for the next ReceiveSome: nothing is lost. There is never
// more than one such goroutine, none while nobody has asked for bytes, and it
// takes no more from rc than it was asked for.
//
// An io.EOF of rc is the end; any other error is [abc.ErrBroken] with that
// cause. Both stay. So does [io.ErrNoProgress], after 100 Reads in a row that
// returned nothing.
//
// If rc is an [os.File], abc.Copy to a socketstream may take the bytes out of it
// by sendfile(2).
//
// Close calls rc.Close once, at the same time as a Read that may be in
// progress, and drops what was read and not received. A Read that its
// Close does not interrupt (of a terminal, of some devices) is left to end by
// itself. So is a rc.Close that outlasts ctx: Close returns the error of ctx,
// and a later Close waits, while its own ctx lasts, for the end of rc.Close. A
// ReceiveSome that waits wakes in any case.
func FromReader(rc io.ReadCloser) abc.ReceiveStream {
	if rc == nil {
		panic("bridge: FromReader of a nil io.ReadCloser")
	}
	return newFromReader(rc, newCloser(rc))
}

func newFromReader(r io.Reader, c *closer) *fromReader {
	return &fromReader{r: r, closer: c, done: make(chan readResult, 1)}
}

type fromReader struct {
	r         io.Reader
	closer    *closer
	receiving abc.Guard

	// What follows belongs to who is inside receiving, but for buf while
	// reading is true: then it is the goroutine's.
	reading bool
	done    chan readResult // holds one, so that the goroutine never waits
	buf     []byte
	data    []byte // the part of buf that was read and not received yet
	err     error  // what comes after data, for ever
}

type readResult struct {
	n   int
	err error
}

var _ abc.ReceiveStream = (*fromReader)(nil)

// ReceiveSome implements [abc.ReceiveStream].
func (f *fromReader) ReceiveSome(ctx context.Context, p []byte) (int, error) {
	if err := f.receiving.EnterReceive(ctx, p); err != nil {
		return 0, opError("receive", 0, err)
	}
	defer f.receiving.Leave()
	for len(f.data) == 0 {
		if f.err == io.EOF {
			return 0, io.EOF
		}
		if f.err != nil {
			return 0, opError("receive", 0, f.err)
		}
		if err := f.fill(ctx, len(p)); err != nil {
			return 0, opError("receive", 0, err)
		}
	}
	n := copy(p, f.data)
	f.data = f.data[n:]
	return n, nil
}

// LendReader calls use with the io.Reader below, as a receive of its own. It is
// for a sending half that knows a shorter way out of some readers than their
// Read, as sendfile(2) is one out of a file. use must not block for long, nor
// keep the reader. It returns what it met there: nil, io.EOF, or an error of the
// reader; LendReader returns that as ReceiveSome would, and for ever.
//
// An error that matches [errors.ErrUnsupported] changes nothing. LendReader
// returns one itself while there is something that was read and not received,
// as after a cancelled ReceiveSome.
func (f *fromReader) LendReader(ctx context.Context, use func(io.Reader) error) error {
	if err := f.receiving.Enter(ctx); err != nil {
		return opError("receive", 0, err)
	}
	defer f.receiving.Leave()
	switch {
	case f.reading || len(f.data) > 0:
		return opError("receive", 0, errors.ErrUnsupported)
	case f.err == io.EOF:
		return io.EOF
	case f.err != nil:
		return opError("receive", 0, f.err)
	}
	err := use(f.r)
	switch {
	case f.receiving.Closed():
		err = abc.ErrClosed
	case err == nil || err == io.EOF:
		f.err = err
		return err
	case errors.Is(err, errors.ErrUnsupported):
	default:
		f.err = abc.Broken(err)
		err = f.err
	}
	return opError("receive", 0, err)
}

// fill waits for a Read, and begins one of up to size bytes if none is left
// over from an operation that was cancelled.
func (f *fromReader) fill(ctx context.Context, size int) error {
	if !f.reading {
		size = min(size, chunkSize)
		if cap(f.buf) < size {
			f.buf = make([]byte, size)
		}
		f.reading = true
		go f.read(f.buf[:size])
	}
	select {
	case result := <-f.done:
		f.reading = false
		f.data, f.err = f.buf[:result.n], result.err
	case <-ctx.Done():
		return abc.ContextErr(ctx)
	case <-f.closer.begun:
	}
	if f.receiving.Closed() {
		// The result may be no more than what our Close did to the Read.
		return abc.ErrClosed
	}
	return nil
}

func (f *fromReader) read(buf []byte) {
	for range maxEmptyReads {
		n, err := f.r.Read(buf)
		if n < 0 || n > len(buf) {
			n, err = 0, errInvalidCount
		}
		if err != nil && err != io.EOF {
			err = abc.Broken(err)
		}
		if n > 0 || err != nil {
			f.done <- readResult{n, err}
			return
		}
	}
	f.done <- readResult{0, abc.Broken(io.ErrNoProgress)}
}

// Close implements [abc.AsyncResource]. See [FromReader] for what it leaves.
func (f *fromReader) Close(ctx context.Context) error {
	f.receiving.Close()
	return f.closer.close(ctx, func(context.Context) error { return nil })
}
