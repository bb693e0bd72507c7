package socketstream

import (
	"context"
	"errors"
	"io"
	"net"
	"sync/atomic"
	"time"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/closeutil"
)

// A Stream is a connection. Make one with [Dial] or [New], or serve a
// [Listener].
//
// A send and a receive may run at the same time, and Close at any time. Over
// TCP, closing with received bytes unread resets the connection, and that may
// cost the peer the last bytes that were sent to it: see closeutil.Linger.
type Stream struct {
	conn   net.Conn
	closer abc.AsyncResource

	receiving  half
	sending    half
	eofSent    atomic.Bool
	sendFailed sendFailure
}

var (
	_ abc.Stream    = (*Stream)(nil)
	_ abc.Addressed = (*Stream)(nil)
)

// New makes a stream of conn, which it owns from then on. conn must carry bytes,
// not datagrams. It needs deadlines that wake its blocked operations, as those
// of every net.Conn should: without them no context ends an operation. What
// deadline it has is cleared.
//
// Half-closing works if conn has a CloseWrite method. A cancelled send leaves
// the stream usable if a write that ran into its deadline leaves conn usable,
// which is not so for a *tls.Conn (use tlsstream instead).
//
// TCP and Unix sockets close at once. If conn has CloseContext(ctx) error, as
// what bridge.Conn returns has, Close calls that, which has to keep the rules of
// [abc.AsyncResource]. Any other Close runs in a goroutine, because it may
// block, and is left to end by itself where it outlasts its context.
func New(conn net.Conn) *Stream {
	if conn == nil {
		panic("socketstream: New of a nil net.Conn")
	}
	s := &Stream{conn: conn}
	switch c := conn.(type) {
	case interface{ CloseContext(context.Context) error }:
		s.closer = contextCloser(c.CloseContext)
	default:
		if kernelConn(conn) {
			s.closer = &socketCloser{conn: conn}
		} else {
			s.closer = foreignCloser{closeutil.FromCloser(conn)}
		}
	}
	s.receiving.plain, s.receiving.watch.Set = conn.Read, conn.SetReadDeadline
	s.sending.plain, s.sending.watch.Set = conn.Write, conn.SetWriteDeadline
	_ = conn.SetDeadline(time.Time{}) // if it fails, conn is closed or has no deadlines
	s.setRaw()
	return s
}

// Conn returns the connection below, for its options and addresses. To read,
// write, close or set deadlines on it disturbs the stream.
func (s *Stream) Conn() net.Conn { return s.conn }

// LocalAddr implements [abc.Addressed].
func (s *Stream) LocalAddr() net.Addr { return s.conn.LocalAddr() }

// RemoteAddr implements [abc.Addressed].
func (s *Stream) RemoteAddr() net.Addr { return s.conn.RemoteAddr() }

// SendAll implements [abc.SendStream]. It blocks until the system took all of
// p, which says nothing about the peer. Once sending is broken it stays so.
func (s *Stream) SendAll(ctx context.Context, p []byte) error {
	h := &s.sending
	if err := h.guard.Enter(ctx); err != nil {
		return opError("send", 0, err)
	}
	defer h.guard.Leave()
	if h.fatal != nil {
		return opError("send", 0, h.fatal)
	}
	if len(p) == 0 {
		return nil
	}
	n, err := h.run(ctx, p)
	switch {
	case err == nil:
		return nil
	case h.guard.Closed():
		err = abc.ErrClosed
	case ctx.Err() == nil || !errors.Is(err, ctx.Err()):
		failure := err
		s.sendFailed.err.Store(&failure)
		h.fatal = connError(err)
		err = h.fatal
	}
	return opError("send", n, err)
}

// ReceiveSome implements [abc.ReceiveStream].
func (s *Stream) ReceiveSome(ctx context.Context, p []byte) (int, error) {
	h := &s.receiving
	if err := h.guard.EnterReceive(ctx, p); err != nil {
		return 0, opError("receive", 0, err)
	}
	defer h.guard.Leave()
	if h.fatal != nil {
		return 0, opError("receive", 0, h.fatal)
	}
	for {
		n, err := h.run(ctx, p)
		switch {
		case h.guard.Closed():
			return 0, opError("receive", 0, abc.ErrClosed)
		case err == nil && n == 0:
			continue // an empty write through a net.Pipe
		case err == nil:
			return n, nil
		case ctx.Err() != nil && errors.Is(err, ctx.Err()):
		default:
			h.fatal = s.receiveError(err)
			err = h.fatal
		}
		if n > 0 {
			return n, nil // an error that came along shows next time, if it stays
		}
		return 0, opError("receive", 0, err)
	}
}

// receiveError is connError for receiving.
func (s *Stream) receiveError(err error) error {
	if err == io.EOF {
		if err = s.sendFailed.behindEOF(); err == nil {
			return io.EOF
		}
	}
	return connError(err)
}

// SendEOF implements [abc.Stream]: it shuts the sending side of the socket
// down. On a connection without CloseWrite it is [errors.ErrUnsupported]. It
// does not block on TCP and Unix sockets; where CloseWrite does, ctx ends it by
// the write deadline.
func (s *Stream) SendEOF(ctx context.Context) error {
	h := &s.sending
	if err := h.guard.Enter(ctx); err != nil {
		if err == abc.ErrClosed && s.eofSent.Load() && !s.receiving.guard.Closed() {
			return nil
		}
		return opError("send EOF", 0, err)
	}
	defer h.guard.Leave()
	c, ok := s.conn.(closeWriter)
	if !ok {
		return opError("send EOF", 0, &unsupported{s.conn})
	}
	var err error
	if kernelConn(s.conn) {
		err = c.CloseWrite()
	} else {
		err = h.call(ctx, c.CloseWrite)
	}
	switch {
	case err == nil:
		s.eofSent.Store(true)
		h.guard.Close() // from now on a send is ErrClosed
		return nil
	case h.guard.Closed():
		err = abc.ErrClosed
	case errors.Is(err, errors.ErrUnsupported):
	case ctx.Err() == nil || !errors.Is(err, ctx.Err()):
		err = connError(err)
	}
	return opError("send EOF", 0, err)
}

// Close implements [abc.AsyncResource]. On TCP and Unix sockets it does not
// block: the system goes on delivering what was sent. (After a SetLinger with a
// time on the [Stream.Conn] it does, whatever its ctx.)
func (s *Stream) Close(ctx context.Context) error {
	s.receiving.guard.Close()
	s.sending.guard.Close()
	s.receiving.watch.Close()
	s.sending.watch.Close()
	return opError("close", 0, s.closer.Close(ctx))
}
