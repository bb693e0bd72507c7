package socketstream

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/tributary-go/tributary/abc"
)

// CopyFrom implements [abc.CopierFrom]. On Linux it takes the bytes by splice(2)
// out of another Stream, and by sendfile(2) out of what bridge.FromReader made
// of a regular [os.File]; both ends have to be TCP or Unix sockets or the
// file. They do not pass through this process then, which spares a relay a third
// of its CPU time. Call [abc.Copy], which looks through layers that are
// [abc.Transparent], and through none that is not.
//
// It is one operation of both streams: any other send here and any other
// receive there is [abc.ErrBusy] while it lasts, and the Close of either ends
// it. A receive's error is that of src, with the Op "receive"; a send's error
// has the Op "send". If ctx ends it while it waits for s, up to 1 MiB that was
// received and not sent is lost; out of a file nothing is.
//
// A copy between sockets takes the ordinary way for the first 64 KiB; then it
// uses two file descriptors more for as long as it lasts, unless there are no
// more, and goes on as it began.
func (s *Stream) CopyFrom(ctx context.Context, src abc.ReceiveStream) (int64, error) {
	if err := s.beginSend(ctx, "send"); err != nil {
		return 0, err
	}
	defer s.sending.leave()
	n, err := s.copyFrom(ctx, src)
	if err == errNoShortWay {
		err = opError("send", 0, errNoShortWay)
	}
	return n, err
}

// errNoShortWay is returned by copyFrom before it took anything.
var errNoShortWay error = noShortWay{}

type noShortWay struct{}

func (noShortWay) Error() string { return "unsupported operation: no short way out of this source" }
func (noShortWay) Unwrap() error { return errors.ErrUnsupported }

// A copying is a CopyFrom between two sockets, which the Close of either has to
// wake, wherever it waits. A context would do that too, and is a kilobyte.
type copying struct {
	in, out *half

	interrupted atomic.Bool
	mu          sync.Mutex // nobody is woken who comes after the end
	over        bool
}

// errInterrupted is of what waited when a copying was interrupted. Nobody gets
// it: what was closed says so.
var errInterrupted = errors.New("interrupted")

func (c *copying) begin() {
	c.in.copying.Store(c)
	c.out.copying.Store(c)
}

func (c *copying) end() {
	c.in.copying.Store(nil)
	c.out.copying.Store(nil)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.over = true
}

func (c *copying) interrupt() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.over {
		c.interrupted.Store(true)
		c.in.watch.Wake(c.in)
		c.out.watch.Wake(c.out)
	}
}
