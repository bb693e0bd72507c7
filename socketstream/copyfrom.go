package socketstream

import (
	"context"
	"errors"

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
	if n, err := s.copyFrom(ctx, src); err != errNoShortWay {
		return n, err
	}
	return 0, opError("send", 0, errNoShortWay)
}

// errNoShortWay is returned by copyFrom before it took anything.
var errNoShortWay error = noShortWay{}

type noShortWay struct{}

func (noShortWay) Error() string { return "unsupported operation: no short way out of this source" }
func (noShortWay) Unwrap() error { return errors.ErrUnsupported }
