package pipestream

import "os"

// Options say how [Start] starts a child and how it is closed. nil is the zero
// value.
type Options struct {
	// Signal is sent to the child by a graceful Close, which also ends its
	// standard input: syscall.SIGTERM for a program that does not end by
	// itself then. It is nil for none. Windows knows no signals: there Start
	// returns an error that matches errors.ErrUnsupported.
	Signal os.Signal

	// StderrToStdout puts the child's standard error into its standard output,
	// as 2>&1 does. The Stderr of the command must be nil then.
	StderrToStdout bool
}
