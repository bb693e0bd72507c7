package trace

import (
	"encoding/binary"
	"strings"
	"time"
)

// The blocks of a capture file, by draft-ietf-opsawg-pcapng, little-endian.
const (
	sectionHeader       = 0x0A0D0D0A
	interfaceDescriptor = 1
	interfaceStatistics = 5
	enhancedPacket      = 6

	byteOrderMagic = 0x1A2B3C4D
	linkTypeRaw    = 101 // packets begin with an IPv4 or IPv6 header
)

// Options of blocks. Those from 2 on mean something else in each.
const (
	optEnd     = 0
	optComment = 1

	shbUserAppl      = 4
	ifName           = 2
	ifTSResol        = 9
	epbFlags         = 2
	isbStart, isbEnd = 2, 3
	isbDropped       = 5
)

const nanoseconds = 9 // the exponent of if_tsresol

// Directions in epb_flags.
const (
	inbound  = 1
	outbound = 2
)

// A pcapng writes blocks.
type pcapng struct {
	out   *sink
	start int64 // Unix nanoseconds
}

// begin appends the beginning of a block, and returns where that is.
func (p *pcapng) begin(blockType uint32) int {
	at := len(p.out.buf)
	p.uint32(blockType)
	p.uint32(0) // the length is not known yet
	return at
}

// end ends the block that began there.
func (p *pcapng) end(at int) {
	length := uint32(len(p.out.buf) - at + 4)
	p.uint32(length)
	binary.LittleEndian.PutUint32(p.out.buf[at+4:], length)
}

func (p *pcapng) uint16(v uint16) { p.out.buf = binary.LittleEndian.AppendUint16(p.out.buf, v) }
func (p *pcapng) uint32(v uint32) { p.out.buf = binary.LittleEndian.AppendUint32(p.out.buf, v) }

// time appends a time as blocks have it, its upper half first.
func (p *pcapng) time(at time.Duration) {
	t := uint64(p.start + int64(at))
	p.uint32(uint32(t >> 32))
	p.uint32(uint32(t))
}

// pad fills up to 32 bits: all blocks are of such a length, and a sink is
// flushed between blocks only.
func (p *pcapng) pad() {
	for len(p.out.buf)%4 != 0 {
		p.out.buf = append(p.out.buf, 0)
	}
}

func (p *pcapng) option(code uint16, length int) {
	p.uint16(code)
	p.uint16(uint16(length))
}

// longestText is how long the text of an option may be, in bytes.
const longestText = 4 << 10

func (p *pcapng) text(code uint16, text string) {
	if len(text) > longestText {
		text = text[:longestText] + "…"
	}
	text = strings.ToValidUTF8(text, "\uFFFD")
	p.option(code, len(text))
	p.out.buf = append(p.out.buf, text...)
	p.pad()
}

func (p *pcapng) section() {
	at := p.begin(sectionHeader)
	p.uint32(byteOrderMagic)
	p.uint16(1) // version 1.0
	p.uint16(0)
	p.uint32(0xFFFFFFFF) // its length is not known
	p.uint32(0xFFFFFFFF)
	p.text(shbUserAppl, "tributary abc/trace")
	p.option(optEnd, 0)
	p.end(at)
}

func (p *pcapng) netInterface(name string) {
	at := p.begin(interfaceDescriptor)
	p.uint16(linkTypeRaw)
	p.uint16(0)
	p.uint32(0) // no limit to the length of packets
	p.text(ifName, name)
	p.option(ifTSResol, 1)
	p.uint32(nanoseconds) // and three bytes of padding
	p.option(optEnd, 0)
	p.end(at)
}

func (p *pcapng) statistics(id uint32, at time.Duration, dropped uint64) {
	block := p.begin(interfaceStatistics)
	p.uint32(id)
	p.time(at)
	p.option(isbStart, 8)
	p.time(0)
	p.option(isbEnd, 8)
	p.time(at)
	p.option(isbDropped, 8)
	p.out.buf = binary.LittleEndian.AppendUint64(p.out.buf, dropped)
	p.option(optEnd, 0)
	p.end(block)
}

// beginPacket is begin for a packet. The packet is appended, then endPacket
// is called.
func (p *pcapng) beginPacket(id uint32, at time.Duration) int {
	block := p.begin(enhancedPacket)
	p.uint32(id)
	p.time(at)
	p.uint32(0) // the lengths
	p.uint32(0)
	return block
}

func (p *pcapng) endPacket(block int, direction uint32, comments ...string) {
	const header = 28
	size := uint32(len(p.out.buf) - block - header)
	binary.LittleEndian.PutUint32(p.out.buf[block+20:], size)
	binary.LittleEndian.PutUint32(p.out.buf[block+24:], size)
	p.pad()
	for _, text := range comments {
		if text != "" {
			p.text(optComment, text)
		}
	}
	p.option(epbFlags, 4)
	p.uint32(direction)
	p.option(optEnd, 0)
	p.end(block)
}
