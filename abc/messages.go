package abc

import (
	"context"
	"io"
	"iter"
)

// Messages iterates over what r delivers. The loop ends with r; an error other
// than io.EOF is yielded last, with the zero T. Leaving the loop early loses
// nothing.
func Messages[T any](ctx context.Context, r MessageReceiveStream[T]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for {
			m, err := r.Receive(ctx)
			if err == io.EOF {
				return
			}
			if err != nil {
				var zero T
				yield(zero, err)
				return
			}
			if !yield(m, nil) {
				return
			}
		}
	}
}
