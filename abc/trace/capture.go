package trace

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/tributary-go/tributary/abc"
)

// A capture shows streams as TCP connections.
type capture struct {
	pcapng
	book       addressBook
	interfaces []*netInterface
	packets    uint16        // for the identification of an IPv4 packet
	at         time.Duration // of the event that is being shown
}

func newCapture(out *sink, start time.Time) *capture {
	c := &capture{pcapng: pcapng{out, start.UnixNano()}, book: newAddressBook()}
	c.section()
	return c
}

// event shows e, whose bytes are data.
func (c *capture) event(e *event, data []byte) {
	if e.s.listens {
		return
	}
	c.at = e.at
	x := e.s.tcp
	if x == nil {
		x = c.open(e.s)
		e.s.tcp = x
	}
	switch e.kind {
	case closeForcefully, closeGracefully, opened, served: // ended says it, and more
	case ended:
		c.close(x, e.s)
	default:
		c.call(x, e, data)
	}
}

// call shows a call, or a part of one.
func (c *capture) call(x *connection, e *event, data []byte) {
	from := &x.local
	if e.receive {
		from = &x.remote
	}
	comment := trouble(e)
	broken := errors.Is(e.err, abc.ErrBroken) && !x.reset
	if len(data) > 0 {
		last := ""
		if !broken {
			last, comment = comment, ""
		}
		c.carry(x, from, e, data, last)
	}
	switch {
	case e.kind == receiveSome && e.err == io.EOF, e.kind == sendEOF && e.err == nil:
		c.finish(x, from, e.offset+uint64(len(data)))
	case broken:
		c.reset(x, &x.remote, comment)
	case comment != "":
		c.note(x, comment)
	}
}

// trouble says what went wrong, if anything did.
func trouble(e *event) string {
	if e.err == nil {
		return ""
	}
	text := fmt.Sprintf("%v: %v", e.kind, e.err) // not e.err.Error(), which could panic
	if (e.kind == sendAll || e.kind == sendVector) && abc.Sent(e.err) < 0 {
		text += "; how much was sent is not known"
	}
	return text
}

// open begins the connection of s.
func (c *capture) open(s *subject) *connection {
	if s.net.id == 0 {
		c.interfaces = append(c.interfaces, s.net)
		s.net.id = uint32(len(c.interfaces))
		c.pcapng.netInterface(s.net.name)
	}
	x := newConnection(s, c.book.choose(s))
	client, server := &x.local, &x.remote
	if s.parent != nil {
		client, server = server, client
	}
	c.segment(x, client, client.first, 0, flagSYN, synOptions[:], nil, describe(s))
	c.segment(x, server, server.first, client.seq(), flagSYN|flagACK, synOptions[:], nil)
	c.acknowledge(x, client)
	return x
}

// carry shows bytes that went in one direction.
func (c *capture) carry(x *connection, from *flow, e *event, data []byte, comment string) {
	missing := c.catchUp(from, e.offset)
	for gap := missing; len(data) > 0; gap = "" {
		part := data[:min(len(data), segmentSize)]
		data = data[len(part):]
		flags, last := byte(flagACK), ""
		if len(data) == 0 {
			last = comment
			if e.kind != piece {
				flags |= flagPSH // the call ends here
			}
		}
		c.send(x, from, flags, part, gap, last)
		from.next += uint64(len(part))
	}
	to := x.other(from)
	if missing != "" || from.next-to.acknowledged > unacknowledged {
		c.acknowledge(x, to)
	}
}

// catchUp goes past bytes that were not recorded, and says so.
func (c *capture) catchUp(f *flow, offset uint64) string {
	if offset <= f.next {
		return ""
	}
	missing := offset - f.next
	f.next = offset
	return fmt.Sprintf("the %d bytes before this were not recorded", missing)
}

// finish shows the end of a direction.
func (c *capture) finish(x *connection, from *flow, offset uint64) {
	missing := c.catchUp(from, offset)
	if !from.ended {
		c.send(x, from, flagFIN|flagACK, nil, missing)
		from.ended = true
	}
}

func (c *capture) reset(x *connection, from *flow, comments ...string) {
	c.send(x, from, flagRST|flagACK, nil, comments...)
	x.reset = true
}

func (c *capture) acknowledge(x *connection, from *flow) { c.send(x, from, flagACK, nil) }

// close shows how the stream was closed.
func (c *capture) close(x *connection, s *subject) {
	if x.closed {
		return
	}
	x.closed = true
	c.book.release(endpoints{x.local.addr, x.remote.addr})
	comment := ""
	switch {
	case s.ending.err != nil:
		comment = fmt.Sprintf("Close: %v", s.ending.err)
	case s.ending.forceful:
		comment = "Close: forceful"
	}
	switch over := x.reset || x.local.ended && x.remote.ended; {
	case comment == "" && !x.reset:
		c.finish(x, &x.local, s.sent.Load())
	case !over:
		missing := c.catchUp(&x.local, s.sent.Load())
		c.reset(x, &x.local, missing, comment)
	case s.ending.err != nil:
		c.note(x, comment)
	}
}

// send shows a segment of one direction.
func (c *capture) send(x *connection, from *flow, flags byte, data []byte, comments ...string) {
	to := x.other(from)
	from.acknowledged = to.next
	c.segment(x, from, from.seq(), to.seq(), flags, nil, data, comments...)
}

func (c *capture) segment(x *connection, from *flow, seq, ack uint32, flags byte, options, data []byte, comments ...string) {
	to := x.other(from)
	block := c.beginPacket(x.netInterface, c.at)
	c.packets++
	b := appendIP(c.out.buf, from.addr.Addr(), to.addr.Addr(), protocolTCP, tcpHeader+len(options)+len(data), c.packets)
	c.out.buf = appendTCP(b, from.addr, to.addr, seq, ack, flags, options, data)
	c.endPacket(block, direction(from), comments...)
}

// note shows something that belongs to no segment, as a packet of no protocol:
// a segment of its own would be a duplicate acknowledgement.
func (c *capture) note(x *connection, text string) {
	block := c.beginPacket(x.netInterface, c.at)
	c.packets++
	shown := text[:min(len(text), longestText)]
	b := appendIP(c.out.buf, x.local.addr.Addr(), x.remote.addr.Addr(), protocolNote, len(shown), c.packets)
	c.out.buf = append(b, shown...)
	c.endPacket(block, direction(&x.local), text)
}

func direction(f *flow) uint32 {
	if f.outbound {
		return outbound
	}
	return inbound
}

// summarize says what was dropped. The queue's mutex is held.
func (c *capture) summarize(at time.Duration) {
	for i, n := range c.interfaces {
		c.statistics(uint32(i), at, n.dropped)
	}
}
