package socketstream

import (
	"context"
	"io"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/internal/copybuffer"
)

// copyBuffered sends what receive brings, until its end or until limit bytes or
// more were sent, by way of a buffer.
func (s *Stream) copyBuffered(ctx context.Context, limit int64,
	receive func(context.Context, []byte) (int, error)) (total int64, ended bool, err error) {
	var buf copybuffer.Buffer
	defer buf.Free()
	for n := 0; total < limit; {
		if ctx.Err() != nil { // it may be that nothing blocks
			return total, false, opError("receive", 0, abc.ContextErr(ctx))
		}
		p := buf.After(n)
		n, err = receive(ctx, p)
		if err == io.EOF {
			return total, true, nil
		}
		if err != nil {
			return total, false, err
		}
		if err := s.send(ctx, p[:n]); err != nil {
			return total + int64(abc.Sent(err)), false, err
		}
		total += int64(n)
	}
	return total, false, nil
}
