//go:build linux || darwin

package socketstream

import (
	"context"
	"syscall"
)

// A pollOp is a rawOp that waits for the descriptor to be writable and writes
// nothing. The runtime's poller tells of changes only, so each time poll(2) is
// asked how things are.
type pollOp struct {
	raw *rawOp
	try func(fd uintptr) bool // tryPoll, bound once
	fd  pollFD
}

// A pollFD is struct pollfd.
type pollFD struct {
	fd      int32
	events  int16
	revents int16
}

const pollOut = 4 // POLLOUT

// waitWritable blocks until the half might take something, if it can tell.
func (h *half) waitWritable(ctx context.Context) error {
	if !h.raw.usable() {
		return nil
	}
	w := h.writable
	if w == nil {
		w = &pollOp{raw: &h.raw}
		w.try = w.tryPoll
		h.writable = w
	}
	_, err := h.do(ctx, w.try)
	return err
}

func (w *pollOp) tryPoll(fd uintptr) (done bool) {
	for {
		w.fd = pollFD{fd: int32(fd), events: pollOut}
		switch ready, errno := poll(&w.fd); {
		case errno == syscall.EINTR:
		case ready == 0 && errno == 0:
			return w.raw.blocked()
		default: // an error, too, is no reason to be late
			return true
		}
	}
}
