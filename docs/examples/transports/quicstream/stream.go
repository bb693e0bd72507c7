// Package quicstream carries Tributary's streams over QUIC, by quic-go: one
// [Stream] is one stream of a connection, with TLS 1.3 and flow control of its
// own, and a lost packet holds up only the streams that it was of.
//
//   - Half-close: FIN.
//   - Close: FIN, and STOP_SENDING for what the peer still wants to send.
//   - Forceful close: RESET_STREAM and STOP_SENDING. The peer gets ErrBroken, with a
//     *quic.StreamError in the chain.
//   - Errors: RESET_STREAM, STOP_SENDING and the errors of the connection are
//     ErrBroken; find the *quic.ApplicationError or *quic.IdleTimeoutError with
//     errors.As.
//   - Cancel: by deadlines, which a QUIC stream has for each direction; nothing
//     breaks.
//   - Told: a stream begins with its first byte. Whoever opens one has to send
//     first; until then the peer does not know of it.
//
// The connections belong to the caller. To close one by CloseWithError drops
// what its streams have sent and the peer has not acknowledged, so let the side
// close it that receives last.
package quicstream

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"sync/atomic"

	"github.com/quic-go/quic-go"

	"github.com/tributary-go/tributary/abc"
)

// The error codes that the peer sees.
const (
	CodeClosed  quic.StreamErrorCode = 0 // of STOP_SENDING: closed gracefully, and nobody receives any more
	CodeAborted quic.StreamErrorCode = 1 // closed forcefully
)

// A Stream is a bidirectional stream of a QUIC connection. Make one with [Open]
// or [New], or serve a listener of [NewListener]. A send and a receive may run
// at the same time, and Close at any time.
//
// A nil from SendAll means that the bytes are in QUIC's packets, not that the
// peer has them.
type Stream struct {
	conn               *quic.Conn
	stream             *quic.Stream
	sending, receiving abc.Guard
	closed             atomic.Bool
}

var (
	_ abc.Stream    = (*Stream)(nil)
	_ abc.Addressed = (*Stream)(nil)
)

// Open opens a stream of conn. It blocks while the peer allows no more streams.
// The peer learns of it by the first byte that is sent, or by its end.
func Open(ctx context.Context, conn *quic.Conn) (*Stream, error) {
	stream, err := conn.OpenStreamSync(ctx)
	switch {
	case err == nil:
		return New(conn, stream), nil
	case ctx.Err() != nil:
		err = abc.ContextErr(ctx)
	default:
		err = abc.Broken(err)
	}
	return nil, opError("dial", 0, err)
}

// New makes a Stream of a stream of conn, which it owns. No deadline may be set
// on it elsewhere.
func New(conn *quic.Conn, stream *quic.Stream) *Stream { return &Stream{conn: conn, stream: stream} }

// LocalAddr implements [abc.Addressed].
func (s *Stream) LocalAddr() net.Addr { return s.conn.LocalAddr() }

// RemoteAddr implements [abc.Addressed].
func (s *Stream) RemoteAddr() net.Addr { return s.conn.RemoteAddr() }

// SendAll implements [abc.SendStream].
func (s *Stream) SendAll(ctx context.Context, p []byte) error {
	if err := s.sending.Enter(ctx); err != nil {
		return opError("send", 0, err)
	}
	defer s.sending.Leave()
	release := abc.Interrupt(ctx, s.stream.SetWriteDeadline)
	n, err := s.stream.Write(p)
	release()
	return opError("send", n, cause(ctx, &s.sending, err))
}

// ReceiveSome implements [abc.ReceiveStream].
func (s *Stream) ReceiveSome(ctx context.Context, p []byte) (int, error) {
	if err := s.receiving.EnterReceive(ctx, p); err != nil {
		return 0, opError("receive", 0, err)
	}
	defer s.receiving.Leave()
	release := abc.Interrupt(ctx, s.stream.SetReadDeadline)
	n, err := s.stream.Read(p)
	release()
	if n > 0 {
		return n, nil // io.EOF may come along, and comes again
	}
	return 0, opError("receive", 0, cause(ctx, &s.receiving, err))
}

// SendEOF implements [abc.Stream]. It does not block.
func (s *Stream) SendEOF(ctx context.Context) error {
	if err := s.sending.Enter(ctx); err != nil {
		if err == abc.ErrClosed && !s.receiving.Closed() {
			return nil // the end was sent before
		}
		return opError("send EOF", 0, err)
	}
	defer s.sending.Leave()
	s.sending.Close()
	_ = s.stream.Close() // fails if the peer no longer wants to receive: it may be nil (rule 4.6)
	return nil
}

var errSending = errors.New("a send was in progress")

// Close implements [abc.AsyncResource]. It does not block: QUIC goes on to
// deliver what was sent. While a send is in progress it cannot be graceful.
func (s *Stream) Close(ctx context.Context) error {
	s.receiving.Close()
	busy := s.sending.Close()
	if s.closed.Swap(true) {
		return nil
	}
	if ctx.Err() != nil || busy {
		s.stream.CancelWrite(CodeAborted) // wakes a Write, which Close must not run beside
		s.stream.CancelRead(CodeAborted)
		if ctx.Err() == nil {
			return opError("close", 0, abc.Broken(errSending))
		}
		return nil
	}
	s.stream.CancelRead(CodeClosed)
	_ = s.stream.Close()
	return nil
}

// cause says what the error of a Read or Write means.
func cause(ctx context.Context, half *abc.Guard, err error) error {
	switch {
	case err == nil:
		return nil
	case half.Closed():
		return abc.ErrClosed
	case err == io.EOF:
		return io.EOF
	case errors.Is(err, os.ErrDeadlineExceeded): // set by Interrupt
		return abc.ContextErr(ctx)
	}
	return abc.Broken(err)
}

// opError puts err into an OpError, if there is one. A bare io.EOF stays bare.
func opError(op string, sent int, err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	return &abc.OpError{Op: op, Transport: "quicstream", Sent: sent, Err: err}
}
