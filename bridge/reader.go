package bridge

import (
	"context"
	"io"

	"github.com/tributary-go/tributary/abc"
)

// Reader makes an [io.Reader] of r, for one piece of work that ctx bounds: a
// decoder, an io.Copy.
//
// Read is r.ReceiveSome with ctx and blocks as that does; when ctx is done it
// returns the error of ctx, and r is fine for another Reader. The end of r is
// a bare io.EOF; other errors are those of r. Read with a buffer of length 0
// returns 0 and nil without asking r. Of two Reads at the same time one returns
// [abc.ErrBusy].
//
// It reads no more than it was asked for. What wraps it, a bufio.Reader or a
// json.Decoder, does read ahead, and keeps that.
func Reader(ctx context.Context, r abc.ReceiveStream) io.Reader {
	if r == nil {
		panic("bridge: Reader of a nil stream")
	}
	return &reader{ctx, r}
}

type reader struct {
	ctx context.Context // io.Reader has no place for one
	r   abc.ReceiveStream
}

func (r *reader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	return r.r.ReceiveSome(r.ctx, p)
}
