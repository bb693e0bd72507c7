package pipestream

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"sync"
	"time"

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

// killPatience bounds how long Close waits for a process that was killed: the
// kernel may be unable to end it, in a system call to a disk that is gone.
const killPatience = 5 * time.Second

var errNotEnded = errors.New("the process was killed and has not ended yet")

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
// It returns nil if the child exited with status 0. Otherwise the error has the
// [*exec.ExitError] in its chain, for errors.As, and matches [abc.ErrBroken].
// Any number of goroutines may wait, before Close and after it. When ctx is
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

// Close implements [abc.AsyncResource]: it closes the child's standard input,
// receives and drops what the child still writes, so that none blocks on a full
// pipe, and waits for it to exit. It sends the child [Options].Signal, if there
// is one. When ctx is done it kills the child. A child that does not end when
// its input does is therefore waited for until ctx is done.
//
// When Close returns, the child is gone and reaped, but for one that may not be
// killed or that the system cannot end (the error says so). Close does not wait
// for descendants of the child, nor does it kill any.
//
// The error is that of [Process.Wait] if the child failed, that of ctx if it
// had to be killed. That it died of the signal that Close sent is no error.
func (p *Process) Close(ctx context.Context) error {
	return opError("close", 0, p.once.Do(ctx, p.close))
}

func (p *Process) close(ctx context.Context) error {
	// At first, so that what the child does about its death is no answer to
	// anybody.
	p.stdin.shut()
	p.stdout.shut()
	drain, stop := context.WithCancel(context.Background())
	defer stop()
	if p.hasEnded() {
		stop()
		_ = p.stdio.Close(drain)
		return p.exit
	}
	if ctx.Err() != nil {
		err := p.send(os.Kill) // first, so that it dies of this and not of a broken pipe
		stop()
		_ = p.stdio.Close(drain)
		return p.killed(ctx, err)
	}
	var stdio sync.WaitGroup
	stdio.Go(func() { _ = p.stdio.Close(drain) })
	defer stdio.Wait()
	defer stop()
	if p.signal != nil {
		_ = p.send(p.signal) // if this may not be sent, a kill may not, which is reported
	}
	select {
	case <-p.ended:
		if diedOf(p.cmd.ProcessState, p.signal) {
			return nil
		}
		return p.exit
	case <-ctx.Done():
		err := p.send(os.Kill)
		stop()
		return p.killed(ctx, err)
	}
}

func (p *Process) hasEnded() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

// send sends the child a signal. That it has exited is no error.
func (p *Process) send(s os.Signal) error {
	if err := p.cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return abc.Broken(err)
	}
	return nil
}

// killed waits for the end of a child that was killed because of ctx, unless
// that failed with err.
func (p *Process) killed(ctx context.Context, err error) error {
	if err != nil {
		return errors.Join(abc.ContextErr(ctx), err)
	}
	if p.stderr != nil {
		p.stderr.cut()
	}
	patience := time.NewTimer(killPatience)
	defer patience.Stop()
	select {
	case <-p.ended:
	case <-patience.C:
		return errors.Join(abc.ContextErr(ctx), abc.Broken(errNotEnded))
	}
	if diedOf(p.cmd.ProcessState, os.Kill) {
		return abc.ContextErr(ctx)
	}
	return p.exit // it was faster
}
