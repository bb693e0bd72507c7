package abc

import "net"

// Addressed is a stream with addresses. Find it through layers by
// As[Addressed](s). Neither method blocks; both work after Close.
type Addressed interface {
	LocalAddr() net.Addr
	RemoteAddr() net.Addr
}
