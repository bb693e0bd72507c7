//go:build !darwin && !dragonfly && !freebsd && !netbsd && !openbsd && !linux

package socketstream

import (
	"errors"
	"fmt"
	"runtime"
	"syscall"
)

func setReusePort(syscall.RawConn) error {
	return fmt.Errorf("%w: ReusePort, on %s", errors.ErrUnsupported, runtime.GOOS)
}
