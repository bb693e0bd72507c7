//go:build !plan9

package memstream

import "syscall"

const (
	errnoRefused          = syscall.ECONNREFUSED
	errnoTimedOut         = syscall.ETIMEDOUT
	errnoHostUnreachable  = syscall.EHOSTUNREACH
	errnoNetUnreachable   = syscall.ENETUNREACH
	errnoNetDown          = syscall.ENETDOWN
	errnoAddrInUse        = syscall.EADDRINUSE
	errnoAddrNotAvailable = syscall.EADDRNOTAVAIL
	errnoReset            = syscall.ECONNRESET
	errnoPipe             = syscall.EPIPE
)
