package abctest

import "syscall"

var (
	errExhausted     error = syscall.Errno(10024) // WSAEMFILE
	errOneConnection error = syscall.WSAECONNABORTED
)
