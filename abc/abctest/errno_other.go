//go:build !windows && !plan9

package abctest

import "syscall"

var (
	errExhausted     error = syscall.EMFILE
	errOneConnection error = syscall.ECONNABORTED
)
