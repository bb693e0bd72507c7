// Package transport is the example of docs/transports.md: a transport that
// keeps the rules of package abc, over two pipes of the operating system's.
package transport

import (
	"context"
	"errors"
	"io"
	"os"
	"sync"
	"time"

	"github.com/tributary-go/tributary/abc"
)

// A Stream is a stream of bytes over two pipes, one for each direction. Make
// one with [New] or [Pair].
//
// A send and a receive may run at the same time, and Close at any time. A pipe
// cannot tell a forceful Close of the peer's from a graceful one: both are
// io.EOF.
type Stream struct {
	out, in           *os.File
	closeOut, closeIn func() // once: a later call waits for the first

	sending, receiving abc.Guard
}

var _ abc.Stream = (*Stream)(nil)

// New makes a stream that writes to out and reads from in, which it owns from
// then on. They must be pipes, FIFOs or the like: files with deadlines. For
// others, and on Windows for all, the error matches [os.ErrNoDeadline], and
// they are still the caller's. If out is the standard output or error, a send
// to a peer that is gone ends the program by SIGPIPE, as os/signal says.
func New(out, in *os.File) (*Stream, error) {
	if err := errors.Join(out.SetWriteDeadline(time.Time{}), in.SetReadDeadline(time.Time{})); err != nil {
		return nil, opError("open", 0, err)
	}
	return &Stream{
		out: out, closeOut: sync.OnceFunc(func() { out.Close() }),
		in: in, closeIn: sync.OnceFunc(func() { in.Close() }),
	}, nil
}

// Pair makes two pipes and returns the two ends of the connection.
func Pair() (a, b *Stream, err error) {
	r1, w1, err := os.Pipe()
	if err != nil {
		return nil, nil, opError("open", 0, err)
	}
	r2, w2, err := os.Pipe()
	if err != nil {
		return nil, nil, errors.Join(opError("open", 0, err), r1.Close(), w1.Close())
	}
	if a, err = New(w1, r2); err == nil {
		b, err = New(w2, r1)
	}
	if err != nil {
		return nil, nil, errors.Join(err, r1.Close(), w1.Close(), r2.Close(), w2.Close())
	}
	return a, b, nil
}

// SendAll implements [abc.SendStream].
func (s *Stream) SendAll(ctx context.Context, p []byte) error {
	if err := s.sending.Enter(ctx); err != nil {
		return opError("send", 0, err)
	}
	defer s.sending.Leave()
	release := abc.Interrupt(ctx, s.out.SetWriteDeadline)
	n, err := s.out.Write(p)
	release()
	return opError("send", n, cause(ctx, &s.sending, err))
}

// ReceiveSome implements [abc.ReceiveStream].
func (s *Stream) ReceiveSome(ctx context.Context, p []byte) (int, error) {
	if err := s.receiving.EnterReceive(ctx, p); err != nil {
		return 0, opError("receive", 0, err)
	}
	defer s.receiving.Leave()
	release := abc.Interrupt(ctx, s.in.SetReadDeadline)
	n, err := s.in.Read(p)
	release()
	return n, opError("receive", 0, cause(ctx, &s.receiving, err))
}

// SendEOF implements [abc.Stream]: it closes the pipe that is written to.
func (s *Stream) SendEOF(ctx context.Context) error {
	if err := s.sending.Enter(ctx); err != nil {
		if err == abc.ErrClosed && !s.receiving.Closed() {
			return nil // the end was sent before
		}
		return opError("send EOF", 0, err)
	}
	defer s.sending.Leave()
	s.sending.Close()
	s.closeOut()
	return nil
}

// Close implements [abc.AsyncResource]. It does not block: the system goes on
// delivering what was sent.
func (s *Stream) Close(context.Context) error {
	s.receiving.Close()
	s.sending.Close()
	s.closeIn() // first: what the peer says to the end of out is not for us
	s.closeOut()
	return nil
}

// cause says what the error of a Read or Write means.
func cause(ctx context.Context, half *abc.Guard, err error) error {
	switch {
	case err == nil || err == io.EOF:
		return err
	case errors.Is(err, os.ErrDeadlineExceeded): // set by Interrupt
		return abc.ContextErr(ctx)
	case half.Closed():
		return abc.ErrClosed
	}
	return abc.Broken(err)
}

// opError puts err into an OpError, if there is one. A bare io.EOF stays bare.
func opError(op string, sent int, err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	return &abc.OpError{Op: op, Transport: "transport", Sent: sent, Err: err}
}
