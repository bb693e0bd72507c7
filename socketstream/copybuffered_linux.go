package socketstream

import (
	"context"
	"io"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/internal/copybuffer"
)

// A lazyBuffer is what a copy receives into. It holds memory only while there
// are bytes in it.
type lazyBuffer struct {
	buf  copybuffer.Buffer
	last int     // what the last receive brought
	p    []byte  // what there is to be sent
	read rawStep // tryRead, bound once
}

// tryRead is the function of that name, into the buffer.
func (b *lazyBuffer) tryRead(o *rawOp, fd uintptr) (done bool) {
	if o.half.interrupted() { // it may be that nothing blocks
		o.err = errInterrupted
		return true
	}
	o.p = b.buf.After(b.last)
	wait := o.read(fd)
	if b.p = o.p[:o.n]; o.n == 0 {
		b.buf.Free()
		o.p, b.p = nil, nil
	}
	return !wait || o.blocked()
}

// copyBuffered sends what src brings, until its end or until limit bytes or more
// were sent.
func (c *socketCopy) copyBuffered(ctx context.Context, limit int64) (total int64, ended bool, err error) {
	defer c.buf.Free()
	for total < limit {
		if ctx.Err() != nil { // it may be that nothing blocks
			return total, false, opError("receive", 0, abc.ContextErr(ctx))
		}
		c.last, err = c.src.receive(ctx, c.read, nil)
		if err == io.EOF {
			return total, true, nil
		}
		if err == nil {
			err = c.dst.send(ctx, c.p)
		}
		if err != nil {
			return total + int64(max(abc.Sent(err), 0)), false, err
		}
		total += int64(c.last)
	}
	return total, false, nil
}
