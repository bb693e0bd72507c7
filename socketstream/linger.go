package socketstream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/tributary-go/tributary/abc"
)

// SetLinger has a graceful Close see to it that the peer gets all that was sent.
// Close then sends EOF, receives and drops what the peer still sends, until its
// EOF, and closes after that, as closeutil.Linger does. d bounds it, along with
// the ctx of Close: if the peer has not ended by then, Close closes and returns
// an error that matches [context.DeadlineExceeded]. If the connection breaks
// meanwhile, the error is [abc.ErrBroken].
//
// Without it, a TCP socket that is closed with received bytes unread resets the
// connection, and what was sent and not yet delivered is lost (RFC 9112,
// section 9.6; Trio's issue 412). A server that answers before it has read the
// whole request needs this.
//
// 0, which is the default, closes at once; a negative d panics. It concerns the
// Close calls that come after it. It changes nothing for a forceful Close, so
// nothing for a stream that a listener's handler leaves open, nor on a
// connection without CloseWrite. It is not the SO_LINGER of the system, which
// knows no context and does not receive.
func (s *Stream) SetLinger(d time.Duration) {
	checkLinger(d)
	s.linger.Store(int64(d))
}

func checkLinger(d time.Duration) {
	if d < 0 {
		panic("socketstream: negative Linger " + d.String())
	}
}

// lingerFor is the grace of a Close. Which halves have an operation inside that
// was woken and has to leave first is in sending and receiving.
func (s *Stream) lingerFor(ctx context.Context, d time.Duration, sending, receiving bool) error {
	c, ok := s.conn.(closeWriter)
	if !ok {
		return nil
	}
	if ctx.Err() != nil {
		return abc.ContextErr(ctx)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, d, lingerError(d))
	defer cancel()
	if !s.sending.left(ctx, sending) || !s.receiving.left(ctx, receiving) {
		return abc.ContextErr(ctx)
	}
	if s.receiving.fatal != nil || s.sending.fatal != nil {
		return nil // the peer has ended, or there is none any more
	}
	_ = s.conn.SetDeadline(time.Time{}) // what woke the last operations
	defer abc.Interrupt(ctx, s.conn.SetDeadline)()
	var err error
	if !s.eofSent.Load() {
		err = c.CloseWrite()
	}
	if err == nil {
		err = s.drain()
	}
	switch {
	case err == nil || errors.Is(err, net.ErrClosed):
		return nil // or closed below us
	case ctx.Err() != nil:
		return abc.ContextErr(ctx)
	}
	return connError(err)
}

// left waits until the operation has left that was inside when the half was
// closed, if there was one. Then nobody else uses the connection's deadline. It
// reports whether that was in time.
func (h *half) left(ctx context.Context, busy bool) bool {
	if !busy {
		return true
	}
	select {
	case <-h.departed.done():
		return true
	case <-ctx.Done():
		return false
	}
}

var drainPool = sync.Pool{New: func() any { return new([16 << 10]byte) }}

// drain receives until EOF.
func (s *Stream) drain() error {
	buf := drainPool.Get().(*[16 << 10]byte)
	defer drainPool.Put(buf)
	for {
		if _, err := s.conn.Read(buf[:]); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// lingerError is why a Close gave up.
type lingerError time.Duration

func (e lingerError) Error() string {
	return fmt.Sprintf("the peer did not end its direction within %v", time.Duration(e))
}
