//go:build darwin || dragonfly || freebsd || netbsd || openbsd || linux

package socketstream

import (
	"os"
	"syscall"
)

func setReusePort(c syscall.RawConn) error {
	var setErr error
	if err := c.Control(func(fd uintptr) {
		setErr = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, soReusePort, 1)
	}); err != nil {
		return err
	}
	return os.NewSyscallError("setsockopt", setErr)
}
