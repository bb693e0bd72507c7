//go:build !unix

package pipestream

import "os"

// diedOf reports whether a process that was sent s ended by that. Here a killed
// one looks like any other that failed.
func diedOf(state *os.ProcessState, s os.Signal) bool {
	return s == os.Kill && state != nil && !state.Success()
}
