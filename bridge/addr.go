package bridge

import "net"

// LocalAddr implements [net.Conn].
func (c *conn) LocalAddr() net.Addr {
	if c.addressed != nil {
		return orStream(c.addressed.LocalAddr())
	}
	return streamAddr{}
}

// RemoteAddr implements [net.Conn].
func (c *conn) RemoteAddr() net.Addr {
	if c.addressed != nil {
		return orStream(c.addressed.RemoteAddr())
	}
	return streamAddr{}
}

// streamAddr is the address of what has none. net.Conn forbids nil in effect:
// net/http and others call String on it.
type streamAddr struct{}

func (streamAddr) Network() string { return "stream" }
func (streamAddr) String() string  { return "stream" }

func orStream(a net.Addr) net.Addr {
	if a == nil {
		return streamAddr{}
	}
	return a
}
