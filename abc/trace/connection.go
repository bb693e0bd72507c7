package trace

import (
	"fmt"
	"net/netip"
)

// segmentSize is how many bytes a TCP segment has at most. Most calls are one
// segment: a capture is easier to read if packets are calls.
const segmentSize = 32 << 10

// unacknowledged is for how many bytes there is an acknowledgement at the latest.
const unacknowledged = 1 << 20

// A flow is one direction of a connection.
type flow struct {
	addr  netip.AddrPort
	first uint32 // its initial sequence number
	next  uint64 // how many bytes went, those that were not recorded included
	ended bool   // by a FIN

	acknowledged uint64 // of the bytes of the other direction, by this side
	outbound     bool
}

// seq returns the sequence number of what comes next.
func (f *flow) seq() uint32 {
	n := f.first + 1 + uint32(f.next)
	if f.ended {
		n++
	}
	return n
}

// A connection is what a stream is in the capture.
type connection struct {
	netInterface  uint32
	local, remote flow
	reset         bool // by an RST
	closed        bool
}

func newConnection(s *subject, e endpoints) *connection {
	first := uint32(s.id) * 0x9E3779B1 // another one each time, and the same in each run
	return &connection{
		netInterface: s.net.id - 1,
		local:        flow{addr: e.local, first: first, outbound: true},
		remote:       flow{addr: e.remote, first: ^first},
	}
}

// other returns the direction that is not f.
func (x *connection) other(f *flow) *flow {
	if f == &x.local {
		return &x.remote
	}
	return &x.local
}

// describe says what s is, for the first packet of its connection.
func describe(s *subject) string {
	text := fmt.Sprintf("#%d %s: %s", s.id, s.net.name, s.what)
	if s.local != nil {
		text += fmt.Sprintf(", local %s", s.local)
	}
	if s.remote != nil {
		text += fmt.Sprintf(", remote %s", s.remote)
	}
	return text
}
