package pipestream

import (
	"context"
	"io"
	"os"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/bridge"
)

// A ReceiveStream is the end of a pipe that is read from. Make one with
// [NewReceiveStream].
//
// Close may be called at any time.
type ReceiveStream struct {
	half
	background abc.ReceiveStream // reads from a file that has no deadlines
}

var _ abc.ReceiveStream = (*ReceiveStream)(nil)

// NewReceiveStream makes a receiving half of f, which it owns from then on. f
// is the reading end of a pipe or a FIFO, a terminal, or whatever else is read
// from its beginning to its end. What deadline f has is cleared.
//
// If f has deadlines, as both ends of an [os.Pipe] and a FIFO have on most
// systems, a context ends a receive by the deadline, with no goroutine, and
// nothing is allocated while the context stays the same.
//
// If it has none, as the standard input that a shell gives, a regular file and
// every pipe on Windows, a goroutine does the reading, as [bridge.FromReader]
// says: what it reads after a ReceiveSome was cancelled is kept for the next
// one, so nothing is lost, and a read which the system does not interrupt is
// left to end by itself after Close.
//
// The end is io.EOF when nobody has the writing end open any more, and stays,
// even if somebody else opens a FIFO to write.
func NewReceiveStream(f *os.File) *ReceiveStream {
	if f == nil {
		panic("pipestream: NewReceiveStream of a nil *os.File")
	}
	r := &ReceiveStream{}
	if !r.init(f, f.SetReadDeadline) {
		r.background = bridge.FromReader(io.NopCloser(f))
	}
	return r
}

// File returns the file, for its name and its SyscallConn. To read from it,
// close it or set deadlines disturbs the stream, and its Fd puts it into
// blocking mode, after which no context ends an operation.
func (r *ReceiveStream) File() *os.File { return r.file }

// ReceiveSome implements [abc.ReceiveStream].
func (r *ReceiveStream) ReceiveSome(ctx context.Context, p []byte) (int, error) {
	if err := r.guard.EnterReceive(ctx, p); err != nil {
		return 0, opError("receive", 0, err)
	}
	defer r.leave()
	if r.fatal != nil {
		return 0, opError("receive", 0, r.fatal)
	}
	n, err := r.read(ctx, p)
	if err == nil && !r.guard.Closed() {
		return n, nil
	}
	return 0, opError("receive", 0, r.result(ctx, err))
}

func (r *ReceiveStream) read(ctx context.Context, p []byte) (int, error) {
	if r.background == nil {
		return r.run(ctx, r.file.Read, p)
	}
	n, err := r.background.ReceiveSome(ctx, p)
	return n, below(err)
}

// Close implements [abc.AsyncResource]. It does not block. What was not
// received is lost, and the writer's next write fails.
func (r *ReceiveStream) Close(ctx context.Context) error {
	r.shut()
	if r.background != nil {
		_ = r.background.Close(ctx) // has nothing to close; drops what was read
	}
	return opError("close", 0, r.closeFile())
}
