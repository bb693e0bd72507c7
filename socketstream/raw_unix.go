//go:build unix

package socketstream

import (
	"context"
	"io"
	"net"
	"os"
	"sync/atomic"
	"syscall"

	"github.com/tributary-go/tributary/internal/watch"
)

// A rawOp is a system call straight on the descriptor, a read or a write in
// most cases. The call is tried first; the context is looked at only if it would
// block, and the runtime's poller waits then. The parameters are in the struct,
// and its functions are bound once, so that no operation allocates.
type rawOp struct {
	wait     func(func(fd uintptr) bool) error // RawConn.Read or RawConn.Write
	transfer func(fd uintptr) bool             // tryRead or tryWrite
	conn     net.Conn
	failed   *sendFailure  // of the sending half
	moved    *atomic.Int64 // of the half

	ctx   context.Context
	watch *watch.Watcher
	p     []byte
	n     int
	armed bool
	err   error
}

// maxTransfer bounds one system call, in bytes: some systems refuse 2 GiB.
const maxTransfer = 1 << 30

func (s *Stream) setRaw() {
	if !kernelConn(s.conn) {
		return
	}
	raw, err := s.conn.(syscall.Conn).SyscallConn()
	if err != nil {
		return
	}
	r, w := &s.receiving.raw, &s.sending.raw
	*r = rawOp{conn: s.conn, wait: raw.Read, transfer: r.tryRead, moved: &s.receiving.moved}
	*w = rawOp{conn: s.conn, wait: raw.Write, transfer: w.tryWrite, failed: &s.sendFailed, moved: &s.sending.moved}
}

func (o *rawOp) usable() bool { return o.wait != nil }

func (o *rawOp) run(ctx context.Context, p []byte, w *watch.Watcher) (n int, fired bool, err error) {
	o.p = p
	n, fired, err = o.do(ctx, w, o.transfer)
	o.p = nil
	return n, fired, err
}

// do calls try, and again each time that the descriptor may be ready, until try
// returns true. It returns what try left in o.n and o.err.
func (o *rawOp) do(ctx context.Context, w *watch.Watcher, try func(fd uintptr) bool) (n int, fired bool, err error) {
	o.ctx, o.watch, o.n, o.err, o.armed = ctx, w, 0, nil, false
	err = o.wait(try)
	if o.armed {
		fired = w.Disarm()
	}
	if err == nil {
		err = o.err
	}
	n = o.n
	o.ctx, o.watch, o.err = nil, nil, nil
	return n, fired, err
}

// do is run for an operation that has a try of its own. The half's rawOp must
// be usable.
func (h *half) do(ctx context.Context, try func(fd uintptr) bool) (n int, err error) {
	n, fired, err := h.raw.do(ctx, &h.watch, try)
	return n, cause(ctx, fired, err)
}

func (o *rawOp) tryRead(fd uintptr) (done bool) {
	for {
		n, err := syscall.Read(int(fd), o.p[:min(len(o.p), maxTransfer)])
		switch {
		case err == syscall.EINTR:
		case err == syscall.EAGAIN:
			return o.blocked()
		case err != nil:
			return o.fail("read", err)
		case n == 0:
			o.err = io.EOF
			return true
		default:
			o.n = n
			o.moved.Add(int64(n))
			return true
		}
	}
}

func (o *rawOp) tryWrite(fd uintptr) (done bool) {
	for o.n < len(o.p) {
		rest := o.p[o.n:]
		o.failed.writing.Store(true)
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

// wrote ends what began by setting failed.writing.
func (o *rawOp) wrote(n int) {
	o.failed.writing.Store(false)
	o.n += n
	o.moved.Add(int64(n))
}

// failWrite is fail for what began by setting failed.writing.
func (o *rawOp) failWrite(call string, errno error) (done bool) {
	o.fail(call, errno)
	failure := o.err
	o.failed.err.Store(&failure)
	o.failed.writing.Store(false)
	return true
}

// blocked begins to watch the context and has the poller wait.
func (o *rawOp) blocked() (done bool) {
	if o.armed {
		return false
	}
	if o.err = o.watch.Arm(o.ctx); o.err != nil {
		return true
	}
	o.armed = true
	return false
}

func (o *rawOp) fail(call string, errno error) (done bool) {
	o.err = &net.OpError{
		Op: call, Net: o.conn.LocalAddr().Network(), Source: o.conn.LocalAddr(), Addr: o.conn.RemoteAddr(),
		Err: os.NewSyscallError(call, errno),
	}
	return true
}
