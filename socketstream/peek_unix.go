//go:build unix

package socketstream

import (
	"context"
	"io"
	"syscall"
)

// peek looks for a byte and leaves it where it is.
func (h *half) peek() (readable bool, err error) {
	n, err := h.do(context.Background(), tryPeek, nil)
	return n > 0, err
}

func tryPeek(o *rawOp, fd uintptr) (done bool) {
	for {
		var p [1]byte
		n, _, err := syscall.Recvfrom(int(fd), p[:], syscall.MSG_PEEK)
		switch {
		case err == syscall.EINTR:
			continue
		case err == syscall.EAGAIN: // nothing
		case err != nil:
			o.fail("recvfrom", err)
		case n == 0:
			o.err = io.EOF
		default:
			o.n = n
		}
		return true
	}
}
