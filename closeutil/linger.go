package closeutil

import (
	"context"
	"errors"
	"io"
	"sync"

	"github.com/tributary-go/tributary/abc"
)

var drainPool = sync.Pool{New: func() any { return new([4 << 10]byte) }}

// Linger closes s so that the peer is sure to get everything that was sent: it
// sends EOF, receives and drops what the peer still sends until its EOF, and
// closes. Over TCP a Close with bytes unread resets the connection, and the
// reset can destroy the last response before the peer has read it (RFC 9112,
// section 9.6; Trio's issue 412).
//
// It blocks until the peer has ended its direction, so bound it with ctx. When
// ctx is done or something fails, s is closed forcefully. On a stream that
// cannot send EOF alone it is a graceful Close. s is closed when it returns; it
// occupies both halves of s.
func Linger(ctx context.Context, s abc.Stream) error {
	err := s.SendEOF(ctx)
	if errors.Is(err, errors.ErrUnsupported) {
		return s.Close(ctx)
	}
	if err == nil {
		err = drain(ctx, s)
	}
	if err != nil {
		return join(err, CloseForcefully(s))
	}
	return s.Close(ctx)
}

func drain(ctx context.Context, r abc.ReceiveStream) error {
	buf := drainPool.Get().(*[4 << 10]byte)
	defer drainPool.Put(buf)
	for {
		if _, err := r.ReceiveSome(ctx, buf[:]); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
	}
}
