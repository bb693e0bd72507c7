package pipestream

import (
	"context"
	"io"
	"os"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/bridge"
)

// A SendStream is the end of a pipe that is written to. Make one with
// [NewSendStream].
//
// Close may be called at any time. A pipe cannot tell a forceful Close from a
// graceful one: to the reader both are io.EOF.
type SendStream struct {
	half
	background abc.SendStream // writes to a file that has no deadlines
}

var _ abc.SendStream = (*SendStream)(nil)

// NewSendStream makes a sending half of f, which it owns from then on. f is
// the writing end of a pipe or a FIFO, a terminal, or whatever else is written
// from its beginning to its end. What deadline f has is cleared.
//
// If f has deadlines, as both ends of an [os.Pipe] and a FIFO have on most
// systems, a context ends a send by the deadline, with no goroutine, and
// nothing is allocated while the context stays the same.
//
// If it has none, as the standard output that a shell gives, a regular file and
// every pipe on Windows, a goroutine does the writing, as [bridge.FromWriter]
// says: a cancelled SendAll leaves behind at most 32 KiB that are committed and
// counted in Sent, a graceful Close waits for them, and a write which the system
// does not interrupt is left to end by itself after a forceful one.
//
// When the reader is gone, SendAll is [abc.ErrBroken] with syscall.EPIPE as
// its cause, and stays so, even if somebody else opens a FIFO to read. On
// descriptors 1 and 2 that ends the program instead, unless SIGPIPE is ignored:
// see [Stdio].
func NewSendStream(f *os.File) *SendStream {
	if f == nil {
		panic("pipestream: NewSendStream of a nil *os.File")
	}
	s := &SendStream{}
	if !s.init(f, f.SetWriteDeadline) {
		s.background = bridge.FromWriter(keptOpen{f})
	}
	return s
}

// keptOpen is a file that its half closes.
type keptOpen struct{ io.Writer }

func (keptOpen) Close() error { return nil }

// File returns the file, for its name and its SyscallConn. To write to it,
// close it or set deadlines disturbs the stream, and its Fd puts it into
// blocking mode, after which no context ends an operation.
func (s *SendStream) File() *os.File { return s.file }

// SendAll implements [abc.SendStream]. It blocks until the system took all of
// p, which says nothing about the reader.
func (s *SendStream) SendAll(ctx context.Context, p []byte) error {
	if err := s.guard.Enter(ctx); err != nil {
		return opError("send", 0, err)
	}
	defer s.leave()
	if s.fatal != nil {
		return opError("send", 0, s.fatal)
	}
	if len(p) == 0 {
		return nil
	}
	n, err := s.write(ctx, p)
	if err == nil {
		return nil
	}
	return opError("send", n, s.result(ctx, err))
}

func (s *SendStream) write(ctx context.Context, p []byte) (int, error) {
	if s.background == nil {
		return s.run(ctx, s.file.Write, p)
	}
	if err := s.background.SendAll(ctx, p); err != nil {
		return abc.Sent(err), below(err)
	}
	return len(p), nil
}

// Close implements [abc.AsyncResource]. It does not block if the file has
// deadlines: the reader gets what was sent, also from a full pipe.
func (s *SendStream) Close(ctx context.Context) error {
	s.shut()
	var err error
	if s.background != nil {
		err = below(s.background.Close(ctx)) // waits for what is being written
	}
	if closeErr := s.closeFile(); err == nil {
		err = closeErr
	}
	return opError("close", 0, err)
}
