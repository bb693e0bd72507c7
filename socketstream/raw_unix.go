//go:build unix

package socketstream

import (
	"context"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
)

// A rawOp is one operation of a half, straight on the descriptor. Its system
// call is tried first; the context is looked at only if it would block, and the
// runtime's poller waits then.
//
// The poller takes a function, so what it needs has to be on the heap. It is
// taken from a pool, which is as fast as one for each half and costs an idle
// stream nothing. It holds nothing that must not leave a synctest bubble.
type rawOp struct {
	try func(fd uintptr) (done bool) // step, bound once

	half  *half
	step  rawStep
	ctx   context.Context
	p     []byte
	n     int
	err   error
	armed bool
}

// A rawStep makes the system call of an operation: once, and again each time
// that the descriptor may be ready, until it returns true. The outcome is left
// in o.n and o.err.
type rawStep func(o *rawOp, fd uintptr) (done bool)

var rawOps = sync.Pool{New: func() any {
	o := new(rawOp)
	o.try = func(fd uintptr) bool { return o.step(o, fd) }
	return o
}}

// maxTransfer bounds one system call, in bytes: some systems refuse 2 GiB.
const maxTransfer = 1 << 30

// rawConn returns nil if conn can't be waited for below its methods.
func rawConn(conn net.Conn) syscall.RawConn {
	if !kernelConn(conn) {
		return nil
	}
	raw, err := conn.(syscall.Conn).SyscallConn()
	if err != nil {
		return nil
	}
	return raw
}

// do does one operation with p: through the runtime's poller by step, where conn
// is a socket of its own, else by plain. It returns the connection's error as it
// is, or that of ctx.
//
// Few calls lie between an operation and the poller, and they are small, because
// a goroutine that serves a connection would have to grow its stack.
func (h *half) do(ctx context.Context, step rawStep, p []byte) (n int, err error) {
	if h.s.raw == nil {
		return h.plain(ctx, p)
	}
	o := rawOps.Get().(*rawOp)
	o.half, o.step, o.ctx, o.p = h, step, ctx, p
	if h.sends() {
		err = h.s.raw.Write(o.try)
	} else {
		err = h.s.raw.Read(o.try)
	}
	fired := o.armed && h.watch.Disarm(h)
	if err == nil {
		err = o.err
	}
	n = o.n
	*o = rawOp{try: o.try}
	rawOps.Put(o)
	return n, h.cause(ctx, fired, err)
}

func tryRead(o *rawOp, fd uintptr) (done bool) { return !o.read(fd) || o.blocked() }

// read reports whether there is nothing yet.
func (o *rawOp) read(fd uintptr) (wait bool) {
	for {
		n, err := syscall.Read(int(fd), o.p[:min(len(o.p), maxTransfer)])
		switch {
		case err == syscall.EINTR:
			continue
		case err == syscall.EAGAIN:
			return true
		case err != nil:
			o.fail("read", err)
		case n == 0:
			o.err = io.EOF
		default:
			o.n = n
			o.half.moved.Add(int64(n))
		}
		return false
	}
}

func tryWrite(o *rawOp, fd uintptr) (done bool) {
	for o.n < len(o.p) {
		rest := o.p[o.n:]
		o.writes()
		n, err := syscall.Write(int(fd), rest[:min(len(rest), maxTransfer)])
		switch err {
		case nil:
			o.wrote(n)
		case syscall.EINTR:
			o.wrote(0)
		case syscall.EAGAIN:
			o.wrote(0)
			return o.blocked()
		default:
			return o.failWrite("write", err)
		}
	}
	return true
}

// writes begins a system call that sends, which wrote or failWrite ends.
func (o *rawOp) writes() { o.half.s.sendFailed.writing.Lock() }

func (o *rawOp) wrote(n int) {
	o.half.s.sendFailed.writing.Unlock()
	o.n += n
	o.half.moved.Add(int64(n))
}

func (o *rawOp) failWrite(call string, errno error) (done bool) {
	o.fail(call, errno)
	failure := o.err
	failed := &o.half.s.sendFailed
	failed.err.Store(&failure)
	failed.writing.Unlock()
	return true
}

// blocked begins to watch the context and has the poller wait.
func (o *rawOp) blocked() (done bool) {
	if o.armed {
		return false
	}
	if o.err = o.half.watch.Arm(o.ctx, o.half); o.err != nil {
		return true
	}
	o.armed = true
	if o.half.interrupted() { // too early to wake us
		o.err = errInterrupted
		return true
	}
	return false
}

func (o *rawOp) fail(call string, errno error) (done bool) {
	conn := o.half.s.conn
	o.err = &net.OpError{
		Op: call, Net: conn.LocalAddr().Network(), Source: conn.LocalAddr(), Addr: conn.RemoteAddr(),
		Err: os.NewSyscallError(call, errno),
	}
	return true
}
