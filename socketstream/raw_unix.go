//go:build unix

package socketstream

import (
	"context"
	"io"
	"net"
	"os"
	"syscall"

	"github.com/tributary-go/tributary/internal/watch"
)

// A rawOp is a read or a write straight on the descriptor. The system call is
// tried first; the context is looked at only if it would block, and the
// runtime's poller waits then. The parameters are in the struct, and its
// functions are bound once, so that no operation allocates.
type rawOp struct {
	wait func(func(fd uintptr) bool) error // RawConn.Read or RawConn.Write
	try  func(fd uintptr) bool             // tryRead or tryWrite
	name string                            // of the system call
	conn net.Conn

	ctx   context.Context
	watch *watch.Watcher
	p     []byte
	n     int
	armed bool
	err   error

	failed *sendFailure // of a write
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
	*r = rawOp{conn: s.conn, name: "read", wait: raw.Read, try: r.tryRead}
	*w = rawOp{conn: s.conn, name: "write", wait: raw.Write, try: w.tryWrite, failed: &s.sendFailed}
}

func (o *rawOp) usable() bool { return o.wait != nil }

func (o *rawOp) run(ctx context.Context, p []byte, w *watch.Watcher) (n int, fired bool, err error) {
	o.ctx, o.watch, o.p, o.n, o.err, o.armed = ctx, w, p, 0, nil, false
	err = o.wait(o.try)
	if o.armed {
		fired = w.Disarm()
	}
	if err == nil {
		err = o.err
	}
	n = o.n
	o.ctx, o.watch, o.p, o.err = nil, nil, nil, nil
	return n, fired, err
}

func (o *rawOp) tryRead(fd uintptr) (done bool) {
	for {
		n, err := syscall.Read(int(fd), o.p[:min(len(o.p), maxTransfer)])
		switch {
		case err == syscall.EINTR:
		case err == syscall.EAGAIN:
			return o.blocked()
		case err != nil:
			return o.fail(err)
		case n == 0:
			o.err = io.EOF
			return true
		default:
			o.n = n
			return true
		}
	}
}

func (o *rawOp) tryWrite(fd uintptr) (done bool) {
	for o.n < len(o.p) {
		rest := o.p[o.n:]
		o.failed.writing.Store(true)
		n, err := syscall.Write(int(fd), rest[:min(len(rest), maxTransfer)])
		if err != nil && err != syscall.EINTR && err != syscall.EAGAIN {
			o.fail(err)
			failure := o.err
			o.failed.err.Store(&failure)
		}
		o.failed.writing.Store(false)
		switch {
		case err == syscall.EINTR:
		case err == syscall.EAGAIN:
			return o.blocked()
		case err != nil:
			return true
		default:
			o.n += n
		}
	}
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

func (o *rawOp) fail(errno error) (done bool) {
	o.err = &net.OpError{
		Op: o.name, Net: o.conn.LocalAddr().Network(), Source: o.conn.LocalAddr(), Addr: o.conn.RemoteAddr(),
		Err: os.NewSyscallError(o.name, errno),
	}
	return true
}
