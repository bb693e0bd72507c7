// Package socks5stream dials through a SOCKS5 proxy (RFC 1928), over any stream
// to it: TCP, TLS, a Unix socket, memory. golang.org/x/net/proxy speaks the
// protocol.
//
// # The mapping
//
// The proxy's answer has a length that is known beforehand, so nothing is
// received beyond it, and what [Dial] returns is the very stream that it was
// given. SendEOF, Close, cancelled operations, splicing and errors are those of
// the transport; what the proxy makes of an end or a reset is up to the proxy.
//
// While it dials, the end of the context interrupts the exchange with the proxy
// by a deadline of a bridge.Conn. The stream itself knows no deadline, so none
// is left on it. A Dial that failed has closed it.
//
//   - Cancel: the transport's own; a Dial by a deadline of a bridge.Conn that is
//     thrown away.
//   - Told: an io.EOF inside the proxy's answer is ErrBroken.
package socks5stream
