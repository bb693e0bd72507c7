package memstream

import "syscall"

// Plan 9 has texts in place of numbers.
var (
	errnoRefused          = syscall.NewError("connection refused")
	errnoTimedOut         = syscall.ETIMEDOUT
	errnoHostUnreachable  = syscall.NewError("no route to host")
	errnoNetUnreachable   = syscall.NewError("network is unreachable")
	errnoNetDown          = syscall.NewError("network is down")
	errnoAddrInUse        = syscall.NewError("address in use")
	errnoAddrNotAvailable = syscall.NewError("cannot assign requested address")
	errnoReset            = syscall.NewError("connection reset")
	errnoPipe             = syscall.NewError("write to hungup stream")
)
