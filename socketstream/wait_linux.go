package socketstream

import (
	"syscall"
	"unsafe"
)

// poll is poll(2) of one descriptor, which does not wait. Not every architecture
// has the call of that name.
func poll(fd *pollFD) (ready int, errno syscall.Errno) {
	var atOnce syscall.Timespec
	n, _, errno := syscall.RawSyscall6(syscall.SYS_PPOLL,
		uintptr(unsafe.Pointer(fd)), 1, uintptr(unsafe.Pointer(&atOnce)), 0, 0, 0)
	return int(n), errno
}
