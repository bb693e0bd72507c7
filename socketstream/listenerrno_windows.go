package socketstream

import "syscall"

// Windows Sockets has codes of its own; those of package syscall are inventions,
// which a Control may return.
var (
	inUse     = []error{syscall.Errno(10048), syscall.EADDRINUSE}
	noFamily  = []error{syscall.Errno(10047), syscall.EAFNOSUPPORT}
	noAddress = []error{syscall.Errno(10049), syscall.EADDRNOTAVAIL}
)
