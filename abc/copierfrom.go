package abc

import (
	"context"
	"errors"
	"io"

	"github.com/tributary-go/tributary/internal/copybuffer"
)

// A CopierFrom is a [SendStream] that can take bytes out of some receive
// streams by a shorter way than a buffer: splice(2) or sendfile(2). Call
// [Copy] rather than the method: it looks through layers that are [Transparent].
//
// CopyFrom sends what it receives from src until io.EOF, which is not an error,
// and returns how many bytes it sent. It counts as a send and as a receive for
// [ErrBusy]. Where it knows no short way for this src
// it returns an error that matches [errors.ErrUnsupported], before it took a
// byte.
type CopierFrom interface {
	CopyFrom(ctx context.Context, src ReceiveStream) (int64, error)
}

// Copy sends to dst what it receives from src, until src ends. It returns how
// many bytes dst took and the first error; io.EOF of src is the end and not an
// error. It closes neither stream and does not call SendEOF: [Relay] does.
//
// It blocks on both streams and occupies src's receiving half and dst's
// sending half. If ctx ends it, bytes that were received and not yet sent are
// lost, at most 64 KiB, or what a [CopierFrom] has on its way: dst and src are
// then good for closing only. While it waits for a src that is a
// [ReceiveWaiter] it holds no buffer; for another one it holds 4 KiB, or 64 KiB
// if what came last was more than that.
func Copy(ctx context.Context, dst SendStream, src ReceiveStream) (int64, error) {
	if c, ok := SkipTransparent(dst).(CopierFrom); ok {
		n, err := c.CopyFrom(ctx, SkipTransparent(src))
		if n > 0 || !errors.Is(err, errors.ErrUnsupported) {
			return n, err
		}
	}
	return copyBuffered(ctx, dst, src)
}

func copyBuffered(ctx context.Context, dst SendStream, src ReceiveStream) (total int64, err error) {
	var buf copybuffer.Buffer
	defer buf.Free()
	waiter := receiveWaiter(src)
	for n, full := 0, false; ; {
		if waiter != nil && !full {
			buf.Free()
			_ = waiter.WaitReceivable(ctx) // what is wrong, ReceiveSome says as well
		}
		p := buf.After(n)
		n, err = src.ReceiveSome(ctx, p)
		full = n == len(p) // so there is more
		if err == io.EOF {
			return total, nil
		}
		if err != nil {
			return total, err
		}
		if err := dst.SendAll(ctx, p[:n]); err != nil {
			return total + int64(max(Sent(err), 0)), err
		}
		total += int64(n)
	}
}
