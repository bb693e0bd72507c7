package socketstream

import (
	"syscall"
	"unsafe"
)

// poll is poll(2) of one descriptor, which does not wait.
func poll(fd *pollFD) (ready int, errno syscall.Errno) {
	n, _, errno := syscall.RawSyscall(syscall.SYS_POLL, uintptr(unsafe.Pointer(fd)), 1, 0)
	return int(n), errno
}
