package pipestream

import (
	"context"
	"os"
	"os/exec"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/internal/closing"
)

// A Process is a child process, as the stream of what it reads from its
// standard input and writes to its standard output. Make one with [Start].
//
// A send and a receive may run at the same time, and Close, Wait and Cmd at
// any time. The end of the child's output says nothing about how the child
// ended: a crash looks the same, and [Process.Wait] tells the two apart. While
// a descendant of the child has inherited the output, the end does not come,
// even if the child has exited.
type Process struct {
	cmd    *exec.Cmd
	stdin  *SendStream
	stdout childOutput
	stdio  *abc.Stapled // of the two
	stderr *stderrCopy  // nil if the child writes to a file of the caller's
	signal os.Signal
	once   closing.Once

	ended chan struct{} // closed once the child was reaped and stderr is complete
	exit  error         // how it ended; written before that
}

var _ abc.Stream = (*Process)(nil)

// Cmd returns what was given to [Start]. Its Process may be sent signals, its
// ProcessState may be read when Wait or Close has seen the child's end, and its
// Wait must not be called.
func (p *Process) Cmd() *exec.Cmd { return p.cmd }

// SendAll implements [abc.SendStream]: it writes to the child's standard input.
// Once the child has exited it is [abc.ErrBroken], with syscall.EPIPE as the
// cause on Unix, unless a descendant of the child has inherited its input.
func (p *Process) SendAll(ctx context.Context, b []byte) error { return p.stdio.SendAll(ctx, b) }

// ReceiveSome implements [abc.ReceiveStream]: it reads from the child's
// standard output. What the child wrote before it exited can be received
// afterwards.
func (p *Process) ReceiveSome(ctx context.Context, b []byte) (int, error) {
	return p.stdio.ReceiveSome(ctx, b)
}

// SendEOF implements [abc.Stream]: it closes the child's standard input.
func (p *Process) SendEOF(ctx context.Context) error { return p.stdio.SendEOF(ctx) }

// Wait blocks until the child has exited. It does not wait for the end of the
// child's output, and does not receive it: a child that writes more than a pipe
// takes does not exit before somebody receives, so receive to io.EOF first, or
// meanwhile.
//
// It returns nil if the child exited with status 0. If it did not, the error
// has the [*exec.ExitError] in its chain, for errors.As, and matches
// [abc.ErrBroken]. If it did but the writer of its Stderr failed, the error has
// that one's. Any number of goroutines may wait, before Close and after it. When ctx is
// done, Wait returns its error; the child goes on.
func (p *Process) Wait(ctx context.Context) error {
	if ctx.Err() != nil {
		return opError("wait", 0, abc.ContextErr(ctx))
	}
	select {
	case <-p.ended:
		return opError("wait", 0, p.exit)
	case <-ctx.Done():
		return opError("wait", 0, abc.ContextErr(ctx))
	}
}
