package socketstream

import (
	"context"
	"errors"
	"io"
	"math"
	"syscall"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/internal/copybuffer"
)

// spliceAfter is how many bytes a copy carries before it takes a pipe: most
// connections never get there, and a pipe costs two descriptors.
const spliceAfter = copybuffer.Large

// spliceSize is how much a pipe takes, in bytes, as in package net: with 64 KiB
// a copy takes a fifth more CPU.
const spliceSize = 1 << 20

// copyFromSocket is copyFrom for a socket.
func (s *Stream) copyFromSocket(ctx context.Context, src *Stream) (total int64, err error) {
	in, out := &src.receiving, &s.sending
	if src.raw == nil {
		return 0, errNoShortWay
	}
	if err := in.guard.Enter(ctx); err != nil {
		return 0, opError("receive", 0, err)
	}
	defer in.leave()
	switch {
	case in.fatal == nil:
	case *in.fatal == io.EOF:
		return 0, nil
	default:
		return 0, opError("receive", 0, *in.fatal)
	}

	// The Close of either has to wake us, wherever we wait.
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	in.interrupt.Store(&cancel)
	out.interrupt.Store(&cancel)
	defer in.interrupt.Store(nil)
	defer out.interrupt.Store(nil)
	if closed := s.copyClosed(src); closed != nil {
		return 0, closed // it may have come too early to see that
	}

	total, ended, err := s.copyBuffered(ctx, spliceAfter, src.receive)
	if closed := s.copyClosed(src); closed != nil {
		return total, closed
	}
	if ended || err != nil {
		return total, err
	}
	p, err := newSplicePipe(in, out)
	if err == nil {
		defer p.close()
		var n int64
		n, err = s.splice(ctx, src, p)
		total += n
	}
	if err == errNoSplice {
		var n int64
		n, _, err = s.copyBuffered(ctx, math.MaxInt64, src.receive)
		total += n
	}
	if closed := s.copyClosed(src); closed != nil {
		err = closed
	}
	return total, err
}

// copyClosed returns the error of who was closed. What else the two say then is
// only what that did.
func (s *Stream) copyClosed(src *Stream) error {
	switch {
	case s.sending.guard.Closed():
		return opError("send", 0, abc.ErrClosed)
	case src.receiving.guard.Closed():
		return opError("receive", 0, abc.ErrClosed)
	}
	return nil
}

// splice copies through p until the end. It returns errNoSplice if the kernel
// can't, with nothing left in p.
func (s *Stream) splice(ctx context.Context, src *Stream, p *splicePipe) (total int64, err error) {
	for {
		if ctx.Err() != nil { // it may be that nothing blocks
			return total, opError("receive", 0, abc.ContextErr(ctx))
		}
		p.filled, err = p.in.do(ctx, p.fill, nil)
		switch {
		case err == nil:
		case errors.Is(err, syscall.EINVAL):
			return total, errNoSplice
		default:
			if err = src.receiveError(ctx, err); err == io.EOF {
				err = nil
			}
			return total, err
		}
		n, err := p.out.do(ctx, p.drain, nil)
		total += int64(n)
		if err != nil {
			return total, s.sendError(ctx, "send", n, err)
		}
	}
}

var errNoSplice = errors.New("no splice here")

// A splicePipe is what splice needs between two sockets. It is empty but for
// the time between fill and drain; so a fill that would block does so because
// of its socket, and a drain because of its.
type splicePipe struct {
	in, out     *half
	fds         [2]int
	filled      int // what is in it when drain begins
	fill, drain rawStep
}

// newSplicePipe returns errNoSplice if there is none to be had.
func newSplicePipe(in, out *half) (*splicePipe, error) {
	p := &splicePipe{in: in, out: out}
	if syscall.Pipe2(p.fds[:], syscall.O_CLOEXEC|syscall.O_NONBLOCK) != nil {
		return nil, errNoSplice
	}
	// Beyond some limits of the user's it stays as it is, which is smaller.
	_, _, _ = syscall.Syscall(syscall.SYS_FCNTL, uintptr(p.fds[1]), setPipeSize, spliceSize)
	p.fill, p.drain = p.tryFill, p.tryDrain
	return p, nil
}

func (p *splicePipe) close() {
	syscall.Close(p.fds[0])
	syscall.Close(p.fds[1])
}

const (
	spliceNonblock = 2    // SPLICE_F_NONBLOCK
	setPipeSize    = 1031 // F_SETPIPE_SZ
)

func (p *splicePipe) tryFill(o *rawOp, fd uintptr) (done bool) {
	for {
		n, err := syscall.Splice(int(fd), nil, p.fds[1], nil, spliceSize, spliceNonblock)
		switch {
		case err == syscall.EINTR:
		case err == syscall.EAGAIN:
			return o.blocked()
		case err != nil:
			return o.fail("splice", err)
		case n == 0:
			o.err = io.EOF
			return true
		default:
			o.n = int(n)
			o.half.moved.Add(n)
			return true
		}
	}
}

func (p *splicePipe) tryDrain(o *rawOp, fd uintptr) (done bool) {
	for o.n < p.filled {
		o.writes()
		n, err := syscall.Splice(p.fds[0], nil, int(fd), nil, p.filled-o.n, spliceNonblock)
		switch err {
		case nil:
			o.wrote(int(n))
		case syscall.EINTR:
			o.wrote(0)
		case syscall.EAGAIN:
			o.wrote(0)
			return o.blocked()
		default:
			return o.failWrite("splice", err)
		}
	}
	return true
}
