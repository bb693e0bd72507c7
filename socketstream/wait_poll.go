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

const (
	pollIn  = 1 // POLLIN
	pollOut = 4 // POLLOUT
)

// wait blocks until the half might take or have something, if it can tell.
func (h *half) wait(ctx context.Context) error {
	if h.s.raw == nil {
		return nil
	}
	_, err := h.do(ctx, tryPoll, nil)
	return err
}

// tryPoll waits for the descriptor to be readable or writable. The runtime's
// poller tells of changes only, so poll(2) is asked how things are, and again
// when it is about room: a change may be too small to count.
func tryPoll(o *rawOp, fd uintptr) (done bool) {
	p := pollFD{fd: int32(fd), events: pollIn}
	switch {
	case o.half.sends():
		p.events = pollOut
	case o.armed:
		return true // for a receiver a change is that something has come
	}
	for {
		switch ready, errno := poll(&p); {
		case errno == syscall.EINTR:
		case ready == 0 && errno == 0:
			return o.blocked()
		default: // an error, too, is no reason to be late
			return true
		}
	}
}
