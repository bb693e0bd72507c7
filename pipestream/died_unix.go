//go:build unix

package pipestream

import (
	"os"
	"syscall"
)

// diedOf reports whether a process ended by s. state is nil if the process was
// reaped by somebody else.
func diedOf(state *os.ProcessState, s os.Signal) bool {
	if state == nil {
		return false
	}
	status, ok := state.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == s
}
