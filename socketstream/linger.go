package socketstream

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/internal/closing"
)

// SetLinger has a graceful Close see to it that the peer gets all that was sent.
// Close then sends EOF, receives and drops what the peer still sends, until its
// EOF, and closes after that, as closeutil.Linger does. If the peer has not ended
// after d, Close closes all the same, which is no error: all that came was read.
// If ctx ends it, it is forceful and returns the error of ctx, and if the
// connection breaks meanwhile, [abc.ErrBroken].
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
	if s.grace.Load() == nil {
		if d == 0 {
			return
		}
		s.grace.CompareAndSwap(nil, new(linger))
	}
	s.grace.Load().duration.Store(int64(d))
}

// A linger is how a stream closes that was told to take its time. A nil one
// takes none.
type linger struct {
	duration atomic.Int64 // a time.Duration
	once     closing.Once

	// What is closed when the operation leaves that was inside its half when
	// this was closed; nil until somebody waits for that.
	sent, received atomic.Pointer[chan struct{}]
}

// wait is the grace of a Close, which has closed both halves. What was woken
// inside has to leave first.
func (l *linger) wait(ctx context.Context, s *Stream) error {
	if l == nil {
		return nil
	}
	d := time.Duration(l.duration.Load())
	if d == 0 {
		return nil
	}
	return l.once.Do(ctx, func(ctx context.Context) error { return s.lingerFor(ctx, d) })
}

func (l *linger) left(h *half) *atomic.Pointer[chan struct{}] {
	if h.sends() {
		return &l.sent
	}
	return &l.received
}

// departed says that the last operation has left h, which was closed before.
func (l *linger) departed(h *half) {
	if l == nil {
		return
	}
	if left := l.left(h).Load(); left != nil {
		close(*left)
	}
}

func newLingering(conn net.Conn, d time.Duration) *Stream {
	s := New(conn)
	s.SetLinger(d)
	return s
}

func checkLinger(d time.Duration) {
	if d < 0 {
		panic("socketstream: negative Linger " + d.String())
	}
}

func (s *Stream) lingerFor(ctx context.Context, d time.Duration) error {
	c, ok := s.conn.(closeWriter)
	if !ok {
		return nil
	}
	if ctx.Err() != nil {
		return abc.ContextErr(ctx)
	}
	bounded, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	var err error
	if s.sending.empties(bounded) && s.receiving.empties(bounded) {
		err = s.endAndDrain(bounded, c)
	}
	switch {
	case ctx.Err() != nil:
		return abc.ContextErr(ctx)
	case err == nil || bounded.Err() != nil || errors.Is(err, net.ErrClosed):
		return nil // or closed below us
	}
	return connError(err)
}

// endAndDrain sends EOF and receives until EOF. It is alone with the connection.
func (s *Stream) endAndDrain(ctx context.Context, c closeWriter) error {
	if s.receiving.fatal != nil || s.sending.fatal != nil {
		return nil // the peer has ended, or there is none any more
	}
	_ = s.conn.SetDeadline(time.Time{}) // what woke the last operations
	defer abc.Interrupt(ctx, s.conn.SetDeadline)()
	if !s.sending.ended.Load() {
		if err := c.CloseWrite(); err != nil {
			return err
		}
	}
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

// empties waits until the operation has left that was inside when the half was
// closed, if there was one. Then nobody else uses the connection's deadline. It
// reports whether that was in time.
func (h *half) empties(ctx context.Context) bool {
	left := make(chan struct{})
	h.s.grace.Load().left(h).Store(&left)
	if !h.guard.Close() {
		return true // there was none, or it left before it could know that somebody waits
	}
	select {
	case <-left:
		return true
	case <-ctx.Done():
		return false
	}
}

var drainPool = sync.Pool{New: func() any { return new([16 << 10]byte) }}
