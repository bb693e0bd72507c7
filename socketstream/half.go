package socketstream

import (
	"context"
	"net"
	"sync/atomic"
	"time"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/internal/watch"
)

// A half is one direction of a connection. One operation at a time is inside;
// the guard sees to that. It is small because most streams are idle: what an
// operation needs is in a rawOp, and what few streams need is made when it is.
type half struct {
	s     *Stream
	guard abc.Guard
	ended atomic.Bool // by SendEOF
	watch watch.Watcher

	// fatal points to what every further operation returns, if it is not nil. It
	// is only touched inside.
	fatal *error

	moved   atomic.Int64            // in bytes, for Transferred
	copying atomic.Pointer[copying] // a CopyFrom that is inside
}

// sends reports whether h is the sending half.
func (h *half) sends() bool { return h == &h.s.sending }

// SetDeadline implements watch.Direction.
func (h *half) SetDeadline(t time.Time) error {
	if h.sends() {
		return h.s.conn.SetWriteDeadline(t)
	}
	return h.s.conn.SetReadDeadline(t)
}

// leave ends the operation that guard.Enter began.
func (h *half) leave() {
	if h.guard.Leave() {
		h.s.grace.Load().departed(h)
	}
}

// fail keeps err as what every further operation returns.
func (h *half) fail(err error) { h.fatal = &err }

// close ends the half and wakes the operation that is inside, if there is one.
func (h *half) close() {
	h.guard.Close()
	h.watch.Close(h)
	if c := h.copying.Load(); c != nil {
		c.interrupt()
	}
}

// interrupted reports whether the CopyFrom that is inside has to end.
func (h *half) interrupted() bool {
	c := h.copying.Load()
	return c != nil && c.interrupted.Load()
}

// plain does one operation with p by Read or Write of the connection, which
// block. It returns the connection's error as it is, or that of ctx.
func (h *half) plain(ctx context.Context, p []byte) (n int, err error) {
	err = h.call(ctx, func() (err error) {
		if h.sends() {
			n, err = h.s.conn.Write(p)
		} else {
			n, err = h.s.conn.Read(p)
		}
		return err
	})
	h.moved.Add(int64(n))
	return n, err
}

// call is plain for f, which blocks until the deadline.
func (h *half) call(ctx context.Context, f func() error) error {
	if err := h.watch.Arm(ctx, h); err != nil {
		return err
	}
	err := f()
	return h.cause(ctx, h.watch.Disarm(h), err)
}

// cause returns the error of ctx where err is the deadline that the watcher
// set because of it, else err. (It sets it because of a Close as well.)
func (h *half) cause(ctx context.Context, fired bool, err error) error {
	switch {
	case !fired || err == nil || !timedOut(err):
	case ctx.Err() != nil:
		return abc.ContextErr(ctx)
	case h.interrupted():
		return errInterrupted
	}
	return err
}

// kernelConn reports whether conn is a socket of the system's and nothing else.
// A type that embeds one may have a Read of its own, which must not be bypassed.
func kernelConn(conn net.Conn) bool {
	switch conn.(type) {
	case *net.TCPConn, *net.UnixConn:
		return true
	}
	return false
}
