package tlsstream

import (
	"context"
	"errors"
	"io"

	"github.com/tributary-go/tributary/abc"
)

// ReceiveSome implements [abc.ReceiveStream]. It blocks until the handshake is
// over and application data came. A cancelled receive leaves the stream as it
// was, also in the middle of a record.
func (s *Stream) ReceiveSome(ctx context.Context, p []byte) (int, error) {
	if err := s.receiving.EnterReceive(ctx, p); err != nil {
		return 0, opError("receive", 0, err)
	}
	defer s.receiving.Leave()
	n, err := s.receive(ctx, p)
	if n > 0 && s.receiving.Closed() {
		n, err = 0, abc.ErrClosed
	}
	return n, opError("receive", 0, s.orClosed(ctx, err))
}

func (s *Stream) receive(ctx context.Context, p []byte) (int, error) {
	if n := copy(p, s.unread); n > 0 {
		s.unread = s.unread[n:]
		return n, nil
	}
	if s.recvErr != nil {
		return 0, s.recvErr
	}
	if err := s.shake(ctx); err != nil {
		return 0, err
	}
	s.wire.ctx = s.recvCtx.of(ctx)
	n, err := s.conn.Read(p)
	s.more = n == len(p)
	s.flushInBackground()
	if n > 0 {
		return n, nil // an error that came along is crypto/tls's to repeat
	}
	if errors.As(err, new(cancelled)) && ctx.Err() != nil {
		return 0, abc.ContextErr(ctx)
	}
	s.recvErr = s.endOrFatal(err)
	return 0, s.recvErr
}

// endOrFatal tells the end of the stream, its truncation and failure apart.
func (s *Stream) endOrFatal(err error) error {
	switch {
	case err == io.EOF && !s.wire.ended:
		return io.EOF // by close_notify
	case err == io.EOF && s.opts.HTTPSCompatible:
		return io.EOF
	case s.wire.ended && (err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF)):
		return abc.Broken(ErrTruncated)
	}
	return fatal(err)
}
