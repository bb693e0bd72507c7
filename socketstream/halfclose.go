package socketstream

import "github.com/tributary-go/tributary/abc"

var _ abc.HalfCloser = (*Stream)(nil)

// CanSendEOF implements [abc.HalfCloser]: it reports whether the connection has
// a CloseWrite. What bridge.Conn returns has one if its stream half-closes.
func (s *Stream) CanSendEOF() bool {
	_, ok := s.conn.(closeWriter)
	return ok
}

type closeWriter interface{ CloseWrite() error }
