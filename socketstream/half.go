package socketstream

import (
	"context"
	"errors"
	"net"
	"os"

	"github.com/tributary-go/tributary/abc"
)

// A half is one direction of a connection. One operation at a time is inside;
// the guard sees to that.
type half struct {
	guard abc.Guard
	watch watcher
	raw   rawOp
	plain func([]byte) (int, error) // the connection's Read or Write

	// fatal is what every further operation returns. It is only touched inside.
	fatal error
}

// run does one operation with p: through the runtime's poller where the system
// has that and conn is a socket of its own, else through plain, which blocks.
// It returns the connection's error as it is, or that of ctx.
func (h *half) run(ctx context.Context, p []byte) (n int, err error) {
	var fired bool
	if h.raw.usable() {
		n, fired, err = h.raw.run(ctx, p, &h.watch)
	} else {
		if err := h.watch.arm(ctx); err != nil {
			return 0, err
		}
		n, err = h.plain(p)
		fired = h.watch.disarm()
	}
	if fired && errors.Is(err, os.ErrDeadlineExceeded) {
		err = abc.ContextErr(ctx)
	}
	return n, err
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
