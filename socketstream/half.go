package socketstream

import (
	"context"
	"net"
	"sync/atomic"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/internal/watch"
)

// A half is one direction of a connection. One operation at a time is inside;
// the guard sees to that.
type half struct {
	guard abc.Guard
	watch watch.Watcher
	raw   rawOp
	plain func([]byte) (int, error) // the connection's Read or Write

	vector   *vectorOp // nil until the first SendVector
	writable *pollOp   // nil until the first WaitSendable

	// fatal is what every further operation returns. It is only touched inside.
	fatal error

	moved     atomic.Int64                       // in bytes, for Transferred
	interrupt atomic.Pointer[context.CancelFunc] // of a CopyFrom that is inside
	departed  departure
}

// leave ends the operation that guard.Enter began.
func (h *half) leave() {
	if h.guard.Leave() {
		h.departed.happened()
	}
}

// close ends the half and wakes the operation that is inside, if there is one:
// it reports whether.
func (h *half) close() (busy bool) {
	busy = h.guard.Close()
	h.watch.Close()
	if interrupt := h.interrupt.Load(); interrupt != nil {
		(*interrupt)()
	}
	return busy
}

// run does one operation with p: through the runtime's poller where the system
// has that and conn is a socket of its own, else through plain, which blocks.
// It returns the connection's error as it is, or that of ctx.
func (h *half) run(ctx context.Context, p []byte) (n int, err error) {
	var fired bool
	if h.raw.usable() {
		n, fired, err = h.raw.run(ctx, p, &h.watch)
	} else {
		if err := h.watch.Arm(ctx); err != nil {
			return 0, err
		}
		n, err = h.plain(p)
		h.moved.Add(int64(n))
		fired = h.watch.Disarm()
	}
	return n, cause(ctx, fired, err)
}

// call is run for f, which takes no bytes.
func (h *half) call(ctx context.Context, f func() error) error {
	if err := h.watch.Arm(ctx); err != nil {
		return err
	}
	err := f()
	return cause(ctx, h.watch.Disarm(), err)
}

// cause returns the error of ctx where err is the deadline that the watcher
// set because of it, else err. (It sets it because of Close as well.)
func cause(ctx context.Context, fired bool, err error) error {
	if fired && ctx.Err() != nil && err != nil && timedOut(err) {
		return abc.ContextErr(ctx)
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
