package trace_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"unicode/utf8"
)

// A captured is what a strict reader finds in a capture file.
type captured struct {
	interfaces []string
	packets    []packet
	statistics bool // at the end
	dropped    uint64
}

type packet struct {
	netInterface string
	at           int64 // Unix nanoseconds
	comments     []string
	outbound     bool
	src, dst     netip.AddrPort // without ports for a note
	seq, ack     uint32         // of TCP, as what follows
	flags        byte
	data         []byte
	note         bool
}

const fin, syn, rst, psh, ack = 1, 2, 4, 8, 16

// readCapture reads a whole file, and refuses whatever is not right in it.
func readCapture(b []byte) (*captured, error) {
	c := &captured{}
	for first := true; len(b) > 0; first = false {
		if len(b) < 12 {
			return c, fmt.Errorf("%d bytes at the end are no block", len(b))
		}
		kind, length := binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[4:])
		if length%4 != 0 || length < 12 || uint64(length) > uint64(len(b)) || binary.LittleEndian.Uint32(b[length-4:]) != length {
			return c, fmt.Errorf("a block of type %x has length %d", kind, length)
		}
		if first != (kind == 0x0A0D0D0A) {
			return c, errors.New("the section header is not first, or not alone")
		}
		if err := c.block(kind, b[8:length-4]); err != nil {
			return c, fmt.Errorf("block of type %x: %w", kind, err)
		}
		b = b[length:]
	}
	return c, nil
}

func (c *captured) block(kind uint32, b []byte) error {
	if c.statistics && kind != 5 {
		return errors.New("it comes after the statistics")
	}
	switch kind {
	case 0x0A0D0D0A:
		if binary.LittleEndian.Uint32(b) != 0x1A2B3C4D || binary.LittleEndian.Uint16(b[4:]) != 1 || int64(binary.LittleEndian.Uint64(b[8:])) != -1 {
			return fmt.Errorf("section %x", b)
		}
		_, err := options(b[16:])
		return err
	case 1:
		o, err := options(b[8:])
		if err == nil && (binary.LittleEndian.Uint16(b) != 101 || len(o[2]) != 1 || len(o[9]) != 1 || o[9][0] != "\x09") {
			err = fmt.Errorf("interface %q", o)
		}
		if err == nil {
			c.interfaces = append(c.interfaces, o[2][0])
		}
		return err
	case 5:
		c.statistics = true
		o, err := options(b[12:])
		if err == nil && (len(o[5]) != 1 || len(o[5][0]) != 8) {
			err = errors.New("no count of what was dropped")
		}
		if err == nil {
			c.dropped += binary.LittleEndian.Uint64([]byte(o[5][0]))
		}
		return err
	case 6:
		return c.packet(b)
	}
	return errors.New("unknown")
}

func options(b []byte) (map[uint16][]string, error) {
	all := map[uint16][]string{}
	for len(b) >= 4 {
		code, length := binary.LittleEndian.Uint16(b), int(binary.LittleEndian.Uint16(b[2:]))
		b = b[4:]
		padded := (length + 3) &^ 3
		if padded > len(b) {
			return nil, errors.New("an option is too long")
		}
		if strings.Trim(string(b[length:padded]), "\x00") != "" {
			return nil, errors.New("the padding is not zero")
		}
		if code == 0 {
			if length != 0 || len(b) != 0 {
				return nil, errors.New("something follows the end of the options")
			}
			return all, nil
		}
		value := string(b[:length])
		if code == 1 && !utf8.ValidString(value) {
			return nil, fmt.Errorf("comment %q", value)
		}
		all[code] = append(all[code], value)
		b = b[padded:]
	}
	return nil, errors.New("the options do not end")
}

func (c *captured) packet(b []byte) error {
	id, length := binary.LittleEndian.Uint32(b), int(binary.LittleEndian.Uint32(b[12:]))
	if int(id) >= len(c.interfaces) || length != int(binary.LittleEndian.Uint32(b[16:])) || length > len(b)-20 {
		return fmt.Errorf("packet of interface %d with %d bytes", id, length)
	}
	at := int64(uint64(binary.LittleEndian.Uint32(b[4:]))<<32 | uint64(binary.LittleEndian.Uint32(b[8:])))
	o, err := options(b[20+(length+3)&^3:])
	if err != nil {
		return err
	}
	if len(o[2]) != 1 || len(o[2][0]) != 4 {
		return errors.New("no direction")
	}
	p := packet{netInterface: c.interfaces[id], at: at, comments: o[1], outbound: o[2][0] == "\x02\x00\x00\x00"}
	if err := p.ip(b[20 : 20+length]); err != nil {
		return err
	}
	if n := len(c.packets); n > 0 && at < c.packets[n-1].at {
		return errors.New("the packets are not in the order of their times")
	}
	c.packets = append(c.packets, p)
	return nil
}

func (p *packet) ip(b []byte) error {
	var src, dst netip.Addr
	var protocol byte
	var pseudo uint32
	switch b[0] >> 4 {
	case 4:
		if b[0] != 0x45 || int(binary.BigEndian.Uint16(b[2:])) != len(b) || onesSum(0, b[:20]) != 0xFFFF {
			return fmt.Errorf("IPv4 header %x", b[:20])
		}
		src, dst, protocol = netip.AddrFrom4([4]byte(b[12:])), netip.AddrFrom4([4]byte(b[16:])), b[9]
		pseudo, b = onesSum(0, b[12:20]), b[20:]
	case 6:
		if int(binary.BigEndian.Uint16(b[4:])) != len(b)-40 {
			return fmt.Errorf("IPv6 header %x", b[:40])
		}
		src, dst, protocol = netip.AddrFrom16([16]byte(b[8:])), netip.AddrFrom16([16]byte(b[24:])), b[6]
		pseudo, b = onesSum(0, b[8:40]), b[40:]
	}
	p.src, p.dst = netip.AddrPortFrom(src, 0), netip.AddrPortFrom(dst, 0)
	if protocol == 253 {
		p.note, p.data = true, b
		return nil
	}
	if protocol != 6 || onesSum(pseudo+6+uint32(len(b)), b) != 0xFFFF {
		return fmt.Errorf("TCP segment %x", b[:20])
	}
	p.src = netip.AddrPortFrom(src, binary.BigEndian.Uint16(b))
	p.dst = netip.AddrPortFrom(dst, binary.BigEndian.Uint16(b[2:]))
	p.seq, p.ack, p.flags = binary.BigEndian.Uint32(b[4:]), binary.BigEndian.Uint32(b[8:]), b[13]
	p.data = b[b[12]>>4*4:]
	return nil
}

// onesSum is the sum that a checksum is made of, as simple as can be.
func onesSum(s uint32, b []byte) uint32 {
	total := uint64(s)
	for ; len(b) >= 2; b = b[2:] {
		total += uint64(b[0])<<8 | uint64(b[1])
	}
	if len(b) == 1 {
		total += uint64(b[0]) << 8
	}
	for total > 0xFFFF {
		total = total>>16 + total&0xFFFF
	}
	return uint32(total)
}

// A conversation is the packets of one TCP connection, put together.
type conversation struct {
	client, server *half
	packets        []packet
}

type half struct {
	addr    netip.AddrPort
	next    uint32
	data    []byte
	missing int
	fin     bool
	rst     bool
}

// conversations puts the segments of c together, and refuses sequence numbers
// that a healthy connection would not have.
func (c *captured) conversations() ([]*conversation, error) {
	var all []*conversation
	byPair := map[[2]netip.AddrPort]*conversation{}
	for i, p := range c.packets {
		if p.note {
			continue
		}
		x := byPair[[2]netip.AddrPort{p.src, p.dst}]
		if p.flags == syn {
			if x != nil {
				return nil, fmt.Errorf("packet %d: addresses of another connection", i)
			}
			x = &conversation{client: &half{addr: p.src, next: p.seq}, server: &half{addr: p.dst}}
			byPair[[2]netip.AddrPort{p.src, p.dst}], byPair[[2]netip.AddrPort{p.dst, p.src}] = x, x
			all = append(all, x)
		}
		if x == nil {
			return nil, fmt.Errorf("packet %d: no SYN before", i)
		}
		if err := x.add(p); err != nil {
			return nil, fmt.Errorf("packet %d: %w", i, err)
		}
	}
	return all, nil
}

func (x *conversation) add(p packet) error {
	from, to := x.client, x.server
	if p.src == x.server.addr {
		from, to = to, from
	}
	if p.flags&syn != 0 {
		from.next = p.seq
	}
	if p.flags != syn && p.ack != to.next {
		return fmt.Errorf("it acknowledges %d instead of %d", p.ack, to.next)
	}
	if gap := int32(p.seq - from.next); gap < 0 || (gap > 0) != (len(p.comments) > 0 && strings.HasPrefix(p.comments[0], fmt.Sprintf("the %d bytes", gap))) {
		return fmt.Errorf("its sequence number is %d too high; comments %q", gap, p.comments)
	} else if gap > 0 {
		from.missing += int(gap)
	}
	from.next = p.seq + uint32(len(p.data))
	from.data = append(from.data, p.data...)
	if p.flags&(syn|fin) != 0 {
		from.next++
	}
	from.fin = from.fin || p.flags&fin != 0
	from.rst = from.rst || p.flags&rst != 0
	x.packets = append(x.packets, p)
	return nil
}
