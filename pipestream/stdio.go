package pipestream

import (
	"os"

	"github.com/tributary-go/tributary/abc"
)

// New makes a stream of two files, which it owns from then on: it sends to out
// and receives from in, as [NewSendStream] and [NewReceiveStream] say. Its
// SendEOF closes out.
func New(out, in *os.File) *abc.Stapled {
	return abc.Staple(NewSendStream(out), NewReceiveStream(in))
}

// Stdio makes a stream of the standard output and the standard input of this
// program: the other end of what [Start] returns, if the parent uses that. Its
// Close and its SendEOF close [os.Stdout] indeed, because that is what tells
// the reader of the end. Nothing else should print there meanwhile.
//
// Whether a file blocks belongs to the pipe or terminal, not to the process:
// who makes the standard input of a shell's child non-blocking does so for the
// shell as well. So Stdio leaves it as it is, and in most cases a goroutine does
// the reading and writing.
//
// If the reader of the standard output is gone, SendAll ends the program by
// SIGPIPE, as any write there does in Go (see os/signal) and as the shell
// expects. To get [abc.ErrBroken] in its place, call
//
//	signal.Ignore(syscall.SIGPIPE)
func Stdio() *abc.Stapled { return New(os.Stdout, os.Stdin) }
