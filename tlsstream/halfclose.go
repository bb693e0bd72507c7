package tlsstream

import (
	"crypto/tls"

	"github.com/tributary-go/tributary/abc"
)

var _ abc.HalfCloser = (*Stream)(nil)

// CanSendEOF implements [abc.HalfCloser]. It is false once the handshake has
// agreed on a version below TLS 1.3. Before the handshake it is true, as nobody
// knows better.
func (s *Stream) CanSendEOF() bool {
	return !s.handshake.complete.Load() || s.conn.ConnectionState().Version >= tls.VersionTLS13
}
