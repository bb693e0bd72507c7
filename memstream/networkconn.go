package memstream

import (
	"context"
	"net"

	"github.com/tributary-go/tributary/abc"
)

// A Conn is one end of a connection between two hosts of a [Network].
// [Host.Dial] makes one, and a [HostListener] serves the other. A send and a
// receive may run at the same time, and Close at any time.
//
// Its end is that of a TCP socket. Close does not block, what was sent arrives
// before the end, and forceful and graceful are the same. But closing with
// bytes that have arrived and were not received resets the connection, as does
// what arrives after that: see closeutil.Linger. A reset comes behind what was
// sent before it.
//
// Errors that match [abc.ErrBroken] have an errno in their chain:
// syscall.ECONNRESET after a reset, syscall.EPIPE for a send if the end had come
// before that, and syscall.ETIMEDOUT by [NetworkOptions.Timeout].
type Conn struct {
	net           *Network
	id            int
	host          *Host // whose end it is
	local, remote hostPort
	peer          *Conn
	in, out       *flow

	closed           bool
	ended            bool  // SendEOF
	err              error // why this end knows its connection no more
	receiver, sender half
}

// A half is the operation of one direction.
type half struct {
	waiter
	busy bool
}

var (
	_ abc.Stream       = (*Conn)(nil)
	_ abc.SendWaiter   = (*Conn)(nil)
	_ abc.VectorSender = (*Conn)(nil)
	_ abc.Addressed    = (*Conn)(nil)
)

// connect makes a connection and returns the client's end. The server's is its
// peer.
func (n *Network) connect(from, to *Host, local, remote hostPort) *Conn {
	x := &struct {
		there, back    flow
		client, server Conn
	}{}
	n.made += 2
	x.client = Conn{net: n, id: n.made - 1, host: from, local: local, remote: remote, peer: &x.server, in: &x.back, out: &x.there}
	x.server = Conn{net: n, id: n.made, host: to, local: remote, remote: local, peer: &x.client, in: &x.there, out: &x.back}
	x.there.init(&x.client, &x.server, n.link(from.name, to.name))
	x.back.init(&x.server, &x.client, n.link(to.name, from.name))
	n.conns[&x.client], n.conns[&x.server] = struct{}{}, struct{}{}
	from.ports[local.port] = &x.client
	x.there.ack = x.there.depart(n.now(), 0)
	return &x.client
}

// LocalAddr implements [abc.Addressed]. The address reads "host:port", and its
// network is "mem".
func (c *Conn) LocalAddr() net.Addr { return c.local }

// RemoteAddr implements [abc.Addressed].
func (c *Conn) RemoteAddr() net.Addr { return c.remote }

// Close implements [abc.AsyncResource]. It does not block and returns nil.
func (c *Conn) Close(context.Context) error {
	c.net.mu.Lock()
	defer c.net.mu.Unlock()
	c.close()
	return nil
}

func (c *Conn) close() {
	if c.closed {
		return
	}
	c.closed = true
	if c.err == nil {
		c.in.deafen()
		if c.in.unread > 0 {
			c.out.reset(c.net.now())
		} else {
			c.out.sendEOF()
			c.in.answer()
		}
	}
	c.wake()
	if c.host.ports[c.local.port] == c {
		delete(c.host.ports, c.local.port)
	}
	if c.peer.closed {
		delete(c.net.conns, c)
		delete(c.net.conns, c.peer)
	}
}

// Reset breaks the connection, at both ends at once and whatever is wrong with
// the link: operations on it return [abc.ErrBroken] with syscall.ECONNRESET.
// What has arrived can still be received; what is on its way is lost. It does
// not block.
func (c *Conn) Reset() {
	c.net.mu.Lock()
	defer c.net.mu.Unlock()
	c.reset()
}

func (c *Conn) reset() {
	now := c.net.now()
	for _, f := range []*flow{c.in, c.out} {
		rst := min(f.rst, now)
		f.lose(now + 1)
		f.rst = rst
	}
	c.wake()
	c.peer.wake()
}

// wake makes the operations of this end look what happened.
func (c *Conn) wake() {
	c.receiver.wake()
	c.sender.wake()
}

// patience is when this end gives up waiting for an answer.
func (c *Conn) patience() instant {
	if c.net.opts.Timeout == 0 || c.out.since == never {
		return never
	}
	return c.out.since + c.net.opts.Timeout
}

// expire gives up if it is time. What this end has not received is lost.
func (c *Conn) expire() {
	if !c.closed && c.err == nil && c.patience() <= c.net.now() {
		c.vanish(errUnanswered)
	}
}

// vanish makes this end know nothing of the connection any more. The peer is not
// told before it asks.
func (c *Conn) vanish(err error) {
	c.err = err
	c.out.lose(held)
	c.in.deafen()
	c.in.answer()
	c.wake()
}
