package natsstream

import (
	"net"
	"os"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
)

// packetSize is a little less than the 1452 bytes that quic-go has room for, where
// it would panic: https://github.com/quic-go/quic-go/issues/5857.
const packetSize = 1400

// An addr is a subject.
type addr string

func (addr) Network() string  { return "nats" }
func (a addr) String() string { return string(a) }

// A packetConn is to quic.Transport what a UDP socket is: each packet is a
// message to an inbox, and its Reply is where it comes from.
type packetConn struct {
	nc      *nats.Conn
	inbox   addr
	arrived chan *nats.Msg
	woken   chan struct{} // there is a deadline
	gone    chan struct{} // the inbox is
	wake    func()
}

var _ net.PacketConn = (*packetConn)(nil)

func newPacketConn(nc *nats.Conn) *packetConn {
	c := &packetConn{
		nc: nc, inbox: addr(nc.NewInbox()),
		arrived: make(chan *nats.Msg, 4096), woken: make(chan struct{}), gone: make(chan struct{}),
	}
	c.wake = sync.OnceFunc(func() { close(c.woken) })
	return c
}

// arrive is called for each message. It does not block: what finds no room is
// lost, as in a socket, and nats.go has nothing to complain of.
func (c *packetConn) arrive(m *nats.Msg) {
	if m.Reply == "" {
		return // not from a node; a server says so that nobody got what we sent
	}
	select {
	case c.arrived <- m:
	default:
	}
}

// ReadFrom implements [net.PacketConn].
func (c *packetConn) ReadFrom(p []byte) (int, net.Addr, error) {
	select {
	case m := <-c.arrived:
		return copy(p, m.Data), addr(m.Reply), nil
	case <-c.woken:
		return 0, nil, os.ErrDeadlineExceeded
	case <-c.gone:
		return 0, nil, nats.ErrConnectionClosed
	}
}

// WriteTo implements [net.PacketConn]. What cannot be published is a lost packet:
// while nats.Conn reconnects it may have no room for it.
func (c *packetConn) WriteTo(p []byte, to net.Addr) (int, error) {
	err := c.nc.PublishRequest(to.String(), string(c.inbox), p)
	if err == nats.ErrConnectionClosed {
		return 0, err
	}
	return len(p), nil
}

// SetReadDeadline implements [net.PacketConn], for quic.Transport: that sets one
// when it is closed, to wake ReadFrom for good.
func (c *packetConn) SetReadDeadline(time.Time) error {
	c.wake()
	return nil
}

// LocalAddr implements [net.PacketConn].
func (c *packetConn) LocalAddr() net.Addr { return c.inbox }

// What quic.Transport does not call. It logs a warning where there are no
// buffers to set.
func (*packetConn) Close() error                     { return nil }
func (*packetConn) SetDeadline(time.Time) error      { return os.ErrNoDeadline }
func (*packetConn) SetWriteDeadline(time.Time) error { return os.ErrNoDeadline }
func (*packetConn) SetReadBuffer(int) error          { return nil }
func (*packetConn) SetWriteBuffer(int) error         { return nil }
