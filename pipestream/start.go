package pipestream

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"time"

	"github.com/tributary-go/tributary/abc"
)

// stderrDelay is the WaitDelay of a command that has none.
const stderrDelay = time.Second

// Start starts the program of cmd and returns the stream to its standard input
// and output. It does not wait for anything the program does. Call Close in the
// end, even if the child has exited.
//
// ctx is that of starting only: to have one end the program, make cmd by
// [exec.CommandContext], or pass it to Close. cmd must not have been started,
// and its Stdin and Stdout must be nil.
//
// Its Stderr is as in package exec: nil is the null device, a file is
// inherited, and to any other writer a goroutine copies until the pipe ends. A
// descendant of the child that has inherited it is given cmd.WaitDelay after
// the child's exit, a second if that is zero; what it writes later is lost. A
// child that Close kills may lose its last words there. Do not use
// cmd.StderrPipe, which ends when the child exits, read or not.
//
// If Start fails, nothing is left open. The error has that of package exec in
// its chain: [exec.ErrNotFound], [os.ErrNotExist], [os.ErrPermission].
func Start(ctx context.Context, cmd *exec.Cmd, opts *Options) (*Process, error) {
	return start(ctx, cmd, opts, os.Pipe)
}

func start(ctx context.Context, cmd *exec.Cmd, opts *Options, pipe func() (r, w *os.File, err error)) (*Process, error) {
	if cmd == nil {
		panic("pipestream: Start of a nil *exec.Cmd")
	}
	if opts == nil {
		opts = &Options{}
	}
	err := abc.ContextErr(ctx)
	if err == nil {
		err = check(cmd, opts)
	}
	if err != nil {
		return nil, opError("start", 0, err)
	}

	stderr := cmd.Stderr
	_, isFile := stderr.(*os.File)
	copied := stderr != nil && !isFile
	var child, parent [3]*os.File
	for i := range child {
		if i == 2 && !copied {
			break
		}
		r, w, err := pipe()
		if err != nil {
			closeAll(child, parent)
			return nil, opError("start", 0, err)
		}
		child[i], parent[i] = w, r
		if i == 0 {
			child[i], parent[i] = r, w
		}
	}
	cmd.Stdin, cmd.Stdout = child[0], child[1]
	switch {
	case copied:
		cmd.Stderr = child[2]
	case opts.StderrToStdout:
		cmd.Stderr = child[1]
	}
	err = cmd.Start()
	cmd.Stdin, cmd.Stdout, cmd.Stderr = nil, nil, stderr
	closeAll(child)
	if err != nil {
		closeAll(parent)
		return nil, opError("start", 0, err)
	}

	p := newProcess(cmd, parent[0], parent[1])
	p.signal = opts.Signal
	if copied {
		p.stderr = copyStderr(stderr, parent[2])
	}
	go p.reap()
	return p, nil
}

func newProcess(cmd *exec.Cmd, stdin, stdout *os.File) *Process {
	p := &Process{cmd: cmd, stdin: NewSendStream(stdin), stdout: newChildOutput(stdout), ended: make(chan struct{})}
	p.stdio = abc.Staple(p.stdin, p.stdout)
	return p
}

func check(cmd *exec.Cmd, opts *Options) error {
	switch {
	case cmd.Stdin != nil:
		return errors.New("the command's Stdin is set, which is to be the stream")
	case cmd.Stdout != nil:
		return errors.New("the command's Stdout is set, which is to be the stream")
	case opts.StderrToStdout && cmd.Stderr != nil:
		return errors.New("the command's Stderr is set, and Options.StderrToStdout too")
	case opts.Signal != nil && runtime.GOOS == "windows":
		return fmt.Errorf("Options.Signal: %w", errors.ErrUnsupported)
	}
	return nil
}

func closeAll(sets ...[3]*os.File) {
	for _, files := range sets {
		for _, f := range files {
			if f != nil {
				_ = f.Close()
			}
		}
	}
}

// reap waits for the child. It ends soon after the child, whatever its
// descendants do.
func (p *Process) reap() {
	defer close(p.ended)
	p.exit = childError(p.cmd.Wait())
	if p.stderr == nil {
		return
	}
	delay := p.cmd.WaitDelay
	if delay == 0 {
		delay = stderrDelay
	}
	if err := p.stderr.finish(delay); err != nil && p.exit == nil {
		p.exit = abc.Broken(err)
	}
}
