package pipestream

import (
	"io"
	"os"
	"sync"
	"time"
)

// A stderrCopy copies the standard error of a child to a writer of the
// caller's. What os/exec does for that can't be given up while a descendant of
// the child has the pipe open.
type stderrCopy struct {
	from   *os.File
	copied chan struct{}
	err    error // why copying ended; written before copied is closed
	cut    func()
	cutOff chan struct{}
}

func copyStderr(to io.Writer, from *os.File) *stderrCopy {
	c := &stderrCopy{from: from, copied: make(chan struct{}), cutOff: make(chan struct{})}
	c.cut = sync.OnceFunc(func() { close(c.cutOff) })
	go func() {
		defer close(c.copied)
		_, c.err = io.Copy(to, from)
		_ = from.Close() // if the writer failed, the child is not to block
	}()
	return c
}

// finish waits for the end after the child has exited: for delay at most, as
// what is left then can only be a descendant's.
func (c *stderrCopy) finish(delay time.Duration) error {
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-c.copied:
		return c.err
	case <-timer.C:
	case <-c.cutOff:
	}
	_ = c.from.Close()
	<-c.copied
	return nil
}
