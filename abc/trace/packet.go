package trace

import (
	"encoding/binary"
	"math/bits"
	"net/netip"
)

// Numbers of protocols above IP.
const (
	protocolTCP  = 6
	protocolNote = 253 // RFC 3692: for experimentation
)

// Flags of TCP.
const (
	flagFIN = 1 << iota
	flagSYN
	flagRST
	flagPSH
	flagACK
)

const (
	tcpHeader = 20
	ttl       = 64
	window    = 0xFFFF
	// windowScale makes the window 1 GiB, so that it never seems to be full.
	windowScale = 14
)

// synOptions are a maximum segment size and the window scale.
var synOptions = [...]byte{2, 4, segmentSize >> 8, segmentSize & 0xFF, 1, 3, 3, windowScale}

// appendIP appends an IP header for a packet with size more bytes.
func appendIP(b []byte, from, to netip.Addr, protocol byte, size int, id uint16) []byte {
	if from.Is6() {
		b = append(b, 6<<4, 0, 0, 0)
		b = binary.BigEndian.AppendUint16(b, uint16(size))
		b = append(b, protocol, ttl)
		src, dst := from.As16(), to.As16()
		return append(append(b, src[:]...), dst[:]...)
	}
	const header = 20
	at := len(b)
	b = append(b, 4<<4|header/4, 0)
	b = binary.BigEndian.AppendUint16(b, uint16(header+size))
	b = binary.BigEndian.AppendUint16(b, id)
	b = append(b, 1<<6, 0, ttl, protocol, 0, 0) // do not fragment
	src, dst := from.As4(), to.As4()
	b = append(append(b, src[:]...), dst[:]...)
	binary.BigEndian.PutUint16(b[at+10:], fold(sum(0, b[at:])))
	return b
}

// appendTCP appends a TCP segment whose window scale is that of synOptions.
func appendTCP(b []byte, from, to netip.AddrPort, seq, ack uint32, flags byte, options, data []byte) []byte {
	at := len(b)
	b = binary.BigEndian.AppendUint16(b, from.Port())
	b = binary.BigEndian.AppendUint16(b, to.Port())
	b = binary.BigEndian.AppendUint32(b, seq)
	b = binary.BigEndian.AppendUint32(b, ack)
	b = append(b, byte(tcpHeader+len(options))/4<<4, flags)
	b = binary.BigEndian.AppendUint16(b, window)
	b = append(b, 0, 0, 0, 0) // the checksum, and no urgent pointer
	b = append(b, options...)
	b = append(b, data...)
	s := uint64(protocolTCP + len(b) - at)
	if from.Addr().Is6() {
		src, dst := from.Addr().As16(), to.Addr().As16()
		s = sum(sum(s, src[:]), dst[:])
	} else {
		src, dst := from.Addr().As4(), to.Addr().As4()
		s = sum(sum(s, src[:]), dst[:])
	}
	binary.BigEndian.PutUint16(b[at+16:], fold(sum(s, b[at:])))
	return b
}

// sum adds p to s, in ones' complement. All parts but the last have to be of an
// even length.
func sum(s uint64, p []byte) uint64 {
	var carry uint64
	for ; len(p) >= 8; p = p[8:] {
		s, carry = bits.Add64(s, binary.BigEndian.Uint64(p), carry)
	}
	var rest [8]byte
	copy(rest[:], p)
	s, carry = bits.Add64(s, binary.BigEndian.Uint64(rest[:]), carry)
	s, carry = bits.Add64(s, 0, carry)
	return s + carry
}

// fold makes the checksum of a sum.
func fold(s uint64) uint16 {
	for s > 0xFFFF {
		s = s>>16 + s&0xFFFF
	}
	return ^uint16(s)
}
