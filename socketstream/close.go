package socketstream

import (
	"context"
	"errors"
)

// Close implements [abc.AsyncResource]. On TCP and Unix sockets it does not
// block: the system goes on delivering what was sent. But it does after a
// [Stream.SetLinger], within its ctx; and, whatever its ctx, after a SetLinger
// with a time on the [Stream.Conn].
func (s *Stream) Close(ctx context.Context) error {
	s.sending.close()
	s.receiving.close()
	err := s.grace.Load().wait(ctx, s)
	if closeErr := s.closeConn(ctx); err == nil {
		err = closeErr
	} else if closeErr != nil {
		err = errors.Join(err, closeErr)
	}
	return opError("close", 0, err)
}

func (s *Stream) closeConn(ctx context.Context) error {
	if s.closer != nil {
		return s.closer.Close(ctx)
	}
	return s.closeSocket()
}
