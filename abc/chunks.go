package abc

import (
	"context"
	"io"
	"iter"
)

// Chunks iterates over what r delivers, in the sizes in which it comes. Each
// chunk is a part of buf, to be used before the next one is asked for. The
// loop ends with r; an error other than io.EOF is yielded last, with no chunk.
//
// It occupies r's receiving half while it is waiting. Leaving the loop early
// loses nothing: r goes on with what follows.
func Chunks(ctx context.Context, r ReceiveStream, buf []byte) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for {
			n, err := r.ReceiveSome(ctx, buf)
			if err == io.EOF {
				return
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(buf[:n], nil) {
				return
			}
		}
	}
}
