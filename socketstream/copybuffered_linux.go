package socketstream

import (
	"context"
	"io"
	"sync"

	"github.com/tributary-go/tributary/abc"
)

const copySize = 64 << 10

var copyPool = sync.Pool{New: func() any { return new([copySize]byte) }}

// copyBuffered sends what receive brings, until its end or until limit bytes or
// more were sent, by way of a buffer.
func (s *Stream) copyBuffered(ctx context.Context, limit int64,
	receive func(context.Context, []byte) (int, error)) (total int64, ended bool, err error) {
	buf := copyPool.Get().(*[copySize]byte)
	defer copyPool.Put(buf)
	for total < limit {
		if ctx.Err() != nil { // it may be that nothing blocks
			return total, false, opError("receive", 0, abc.ContextErr(ctx))
		}
		n, err := receive(ctx, buf[:])
		if err == io.EOF {
			return total, true, nil
		}
		if err != nil {
			return total, false, err
		}
		if err := s.send(ctx, buf[:n]); err != nil {
			return total + int64(abc.Sent(err)), false, err
		}
		total += int64(n)
	}
	return total, false, nil
}
