package pipestream

import (
	"context"
	"errors"
	"os"
	"sync"
	"time"

	"github.com/tributary-go/tributary/abc"
)

// killPatience bounds how long Close waits for a process that was killed: the
// kernel may be unable to end it, in a system call to a disk that is gone.
const killPatience = 5 * time.Second

var errNotEnded = errors.New("the process was killed and has not ended yet")

// Close implements [abc.AsyncResource]: it closes the child's standard input,
// sends it [Options].Signal if there is one, receives and drops what it still
// writes, so that it does not block on a full pipe, and waits for it to exit.
// When ctx is done it kills the child. So a child that does not end when its
// input does is waited for until then.
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
