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

// A socketCopy is a copy between two sockets.
type socketCopy struct {
	copying
	lazyBuffer
	dst, src *Stream
}

// copyFromSocket is copyFrom for a socket. What it calls last waits for most of
// the time, and the stack of its goroutine should not have to grow for that: so
// the calls are few and small.
func (s *Stream) copyFromSocket(ctx context.Context, src *Stream) (total int64, err error) {
	if src.raw == nil {
		return 0, errNoShortWay
	}
	if err := src.beginReceive(ctx); err != nil {
		if err == io.EOF {
			err = nil
		}
		return 0, err
	}
	defer src.receiving.leave()
	c := newSocketCopy(s, src)
	defer c.end()
	if c.closed() == nil { // else that was too early to see the copy
		total, err = c.carry(ctx)
	}
	if closed := c.closed(); closed != nil {
		err = closed
	}
	return total, err
}

func newSocketCopy(dst, src *Stream) *socketCopy {
	c := &socketCopy{copying: copying{in: &src.receiving, out: &dst.sending}, dst: dst, src: src}
	c.read = c.tryRead
	c.begin()
	return c
}

// beginReceive enters the receiving half. After nil, s.receiving.leave must
// follow.
func (s *Stream) beginReceive(ctx context.Context) error {
	h := &s.receiving
	if err := h.guard.Enter(ctx); err != nil {
		return opError("receive", 0, err)
	}
	if h.fatal != nil {
		h.leave()
		return opError("receive", 0, *h.fatal)
	}
	return nil
}

// carry carries the first bytes by way of a buffer, and the others by a pipe, if
// there are any.
func (c *socketCopy) carry(ctx context.Context) (int64, error) {
	total, ended, err := c.copyBuffered(ctx, spliceAfter)
	if ended || err != nil {
		return total, err
	}
	n, err := c.spliceRest(ctx)
	return total + n, err
}

// spliceRest carries what comes, by way of the buffer where there is no pipe.
func (c *socketCopy) spliceRest(ctx context.Context) (total int64, err error) {
	p, err := newSplicePipe(c.in, c.out)
	if err == nil {
		defer p.close()
		total, err = c.splice(ctx, p)
	}
	if err == errNoSplice {
		var n int64
		n, _, err = c.copyBuffered(ctx, math.MaxInt64)
		total += n
	}
	return total, err
}

// closed returns the error of who was closed. What else the two say then is only
// what that did.
func (c *socketCopy) closed() error {
	switch {
	case c.out.guard.Closed():
		return opError("send", 0, abc.ErrClosed)
	case c.in.guard.Closed():
		return opError("receive", 0, abc.ErrClosed)
	}
	return nil
}

// splice copies through p until the end. It returns errNoSplice if the kernel
// can't, with nothing left in p.
func (c *socketCopy) splice(ctx context.Context, p *splicePipe) (total int64, err error) {
	for {
		if ctx.Err() != nil { // it may be that nothing blocks
			return total, opError("receive", 0, abc.ContextErr(ctx))
		}
		if c.interrupted.Load() {
			return total, errInterrupted
		}
		p.filled, err = p.in.do(ctx, p.fill, nil)
		switch {
		case err == nil:
		case errors.Is(err, syscall.EINVAL):
			return total, errNoSplice
		default:
			if err = c.src.receiveError(ctx, err); err == io.EOF {
				err = nil
			}
			return total, err
		}
		n, err := p.out.do(ctx, p.drain, nil)
		total += int64(n)
		if err != nil {
			return total, c.dst.sendError(ctx, "send", n, err)
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
