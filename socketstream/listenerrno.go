//go:build !windows

package socketstream

import "syscall"

// Why a socket can't listen at an address: somebody else does, this machine does
// not have its family, or not this address.
var (
	inUse     = []error{syscall.EADDRINUSE}
	noFamily  = []error{syscall.EAFNOSUPPORT}
	noAddress = []error{syscall.EADDRNOTAVAIL}
)
