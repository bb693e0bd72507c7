package socketstream

import (
	"context"
	"errors"
	"time"
)

// Close implements [abc.AsyncResource]. On TCP and Unix sockets it does not
// block: the system goes on delivering what was sent. But it does after a
// [Stream.SetLinger], within its ctx; and, whatever its ctx, after a SetLinger
// with a time on the [Stream.Conn].
func (s *Stream) Close(ctx context.Context) error {
	sending, receiving := s.sending.close(), s.receiving.close()
	var err error
	if d := time.Duration(s.linger.Load()); d > 0 {
		err = s.lingering.Do(ctx, func(ctx context.Context) error {
			return s.lingerFor(ctx, d, sending, receiving)
		})
	}
	if closeErr := s.closer.Close(ctx); err == nil {
		err = closeErr
	} else if closeErr != nil {
		err = errors.Join(err, closeErr)
	}
	return opError("close", 0, err)
}
