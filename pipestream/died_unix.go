//go:build unix

package pipestream

import (
	"os"
	"syscall"
)

// diedOf reports whether a process ended by s.
func diedOf(state *os.ProcessState, s os.Signal) bool {
	status, ok := state.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == s
}
