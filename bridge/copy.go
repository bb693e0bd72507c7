package bridge

import (
	"context"
	"errors"
	"io"
	"os"
	"sync"

	"github.com/tributary-go/tributary/abc"
)

var copyPool = sync.Pool{New: func() any { return new([32 << 10]byte) }}

// WriteTo implements [io.WriterTo], for io.Copy from the conn.
func (c *conn) WriteTo(w io.Writer) (int64, error) {
	if dst, ok := w.(bridged); ok {
		if n, done, err := shortcut(dst.base(), c); done {
			return n, c.copyError("writeto", err)
		}
	}
	return copyBuffer(w, onlyReader{c})
}

// ReadFrom implements [io.ReaderFrom], for io.Copy to the conn.
func (c *conn) ReadFrom(r io.Reader) (int64, error) {
	if src, ok := r.(bridged); ok {
		if n, done, err := shortcut(c, src.base()); done {
			return n, c.copyError("readfrom", err)
		}
	}
	return copyBuffer(onlyWriter{c}, r)
}

func (c *conn) copyError(op string, err error) error {
	if err == nil {
		return nil
	}
	return c.error(op, err)
}

// bridged is what Conn returns, of either type.
type bridged interface{ base() *conn }

func (c *conn) base() *conn { return c }

// shortcut copies from src to dst by abc.CopierFrom. It is not done if dst does
// not know how; then no byte was taken. Both turns are taken for as long as it
// lasts, as the system's sockets do it.
//
// It does not use abc.Copy, which has a buffer to fall back to and one context
// for both sides of it: there the read deadline would cut off a Write, and what
// was read for that would be lost.
func shortcut(dst, src *conn) (n int64, done bool, err error) {
	copier, ok := abc.SkipTransparent(dst.s).(abc.CopierFrom)
	if !ok {
		return 0, false, nil
	}
	ctx, cancel := context.WithCancelCause(src.read.deadline.context())
	defer cancel(nil)
	defer context.AfterFunc(dst.write.deadline.context(), func() { cancel(os.ErrDeadlineExceeded) })()
	// Who takes two turns takes the reading one first, and nobody with just a
	// writing one waits for another: so they can't wait for each other.
	for _, h := range []*half{&src.read, &dst.write} {
		if err := h.takeTurn(ctx, src, dst); err != nil {
			return 0, true, err
		}
		defer h.end()
	}
	n, err = copier.CopyFrom(ctx, abc.SkipTransparent(src.s))
	switch {
	case err == nil:
		return n, true, nil
	case n == 0 && errors.Is(err, errors.ErrUnsupported):
		return 0, false, nil
	}
	return n, true, dst.cause(ctx, err)
}

// copyBuffer is io.Copy with a buffer that is reused. The turns are taken for
// each Read and Write.
func copyBuffer(w io.Writer, r io.Reader) (int64, error) {
	buf := copyPool.Get().(*[32 << 10]byte)
	defer copyPool.Put(buf)
	return io.CopyBuffer(w, r, buf[:])
}

// An onlyReader is a conn from which io.CopyBuffer has to read.
type onlyReader struct{ c *conn }

func (r onlyReader) Read(p []byte) (int, error) { return r.c.Read(p) }

// An onlyWriter is a conn to which io.CopyBuffer has to write.
type onlyWriter struct{ c *conn }

func (w onlyWriter) Write(p []byte) (int, error) { return w.c.Write(p) }
