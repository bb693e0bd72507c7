package bridge

import (
	"context"
	"io"

	"github.com/tributary-go/tributary/abc"
)

// Writer makes an [io.Writer] of s, for one piece of work that ctx bounds.
//
// Write is s.SendAll with ctx and blocks as that does; when ctx is done it
// returns the error of ctx. With an error it returns how many bytes of p were
// sent, 0 where s cannot tell ([abc.Sent] tells these apart). It neither
// modifies p nor keeps it. Of two Writes at the same time one returns
// [abc.ErrBusy].
func Writer(ctx context.Context, s abc.SendStream) io.Writer {
	if s == nil {
		panic("bridge: Writer of a nil stream")
	}
	return &writer{ctx, s}
}

type writer struct {
	ctx context.Context // io.Writer has no place for one
	s   abc.SendStream
}

func (w *writer) Write(p []byte) (int, error) {
	if err := w.s.SendAll(w.ctx, p); err != nil {
		return sent(err), err
	}
	return len(p), nil
}

// sent returns the count that a Write returns along with err, which never is
// negative.
func sent(err error) int { return max(abc.Sent(err), 0) }
