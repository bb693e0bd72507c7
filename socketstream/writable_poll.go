//go:build linux || darwin

package socketstream

import (
	"context"
	"syscall"
)

// A pollFD is struct pollfd.
type pollFD struct {
	fd      int32
	events  int16
	revents int16
}

const pollOut = 4 // POLLOUT

// waitWritable blocks until the half might take something, if it can tell.
func (h *half) waitWritable(ctx context.Context) error {
	if h.s.raw == nil {
		return nil
	}
	_, err := h.do(ctx, tryPoll, nil)
	return err
}

// tryPoll waits for the descriptor to be writable and writes nothing. The
// runtime's poller tells of changes only, so each time poll(2) is asked how
// things are.
func tryPoll(o *rawOp, fd uintptr) (done bool) {
	for {
		p := pollFD{fd: int32(fd), events: pollOut}
		switch ready, errno := poll(&p); {
		case errno == syscall.EINTR:
		case ready == 0 && errno == 0:
			return o.blocked()
		default: // an error, too, is no reason to be late
			return true
		}
	}
}
