package memstream

import (
	"fmt"
	"time"
)

// A Link says how one direction between two hosts carries bytes. The zero value
// is ideal: it takes no time, and 64 KiB of each connection fit into it.
type Link struct {
	// Latency is how long everything takes to arrive. A round trip takes it
	// twice, and so does a Dial.
	Latency time.Duration

	// Jitter is how much longer it takes at most: for each segment of up to 1460
	// bytes something between 0 and Jitter is drawn. What was sent later still
	// arrives later.
	Jitter time.Duration

	// Bandwidth is how many bytes pass in a second, of all connections in this
	// direction. 0 is no limit. Only bytes count, there are no headers.
	Bandwidth int

	// Window is how many bytes of each connection there may be that were sent and
	// not received by the peer's ReceiveSome. A send blocks while there are so
	// many. 0 is 64 KiB.
	Window int
}

func (l Link) check() {
	if l.Latency < 0 || l.Jitter < 0 || l.Bandwidth < 0 || l.Window < 0 {
		panic(fmt.Sprintf("memstream: nothing in a Link may be negative: %+v", l))
	}
}

func (l Link) window() int {
	if l.Window == 0 {
		return defaultCapacity
	}
	return l.Window
}

// segmentSize is what an Ethernet carries of a TCP stream in one frame.
const segmentSize = 1460

// A link is one direction between two hosts, at work.
type link struct {
	Link
	fault fault
	cuts  int     // how often a fault began; what was on its way then is lost
	free  instant // when what was sent before has left
}

// A fault is what is wrong with a link.
type fault uint8

const (
	faultNone        fault = iota
	faultStalled           // dialling works, nothing else
	faultPartitioned       // nothing gets through
	faultUnroutable        // nothing gets through, and who dials is told
)

// depart sends n bytes at a time and returns when they arrive, if nothing
// happens. chance is called for the jitter.
func (l *link) depart(at instant, n int, chance func() uint64) (due instant) {
	leaves := max(at, l.free)
	if l.Bandwidth > 0 && n > 0 {
		leaves += time.Duration(n) * time.Second / time.Duration(l.Bandwidth)
		l.free = leaves
	}
	due = leaves + l.Latency
	if l.Jitter > 0 {
		due += time.Duration(chance() % uint64(l.Jitter+1))
	}
	return due
}

// SetLink sets both directions between two hosts, from now on: what is on its
// way arrives when it would have. It panics if a number in l is negative.
func (n *Network) SetLink(a, b string, l Link) {
	n.SetLinkOneWay(a, b, l)
	n.SetLinkOneWay(b, a, l)
}

// SetLinkOneWay is [Network.SetLink] for one direction.
func (n *Network) SetLinkOneWay(from, to string, l Link) {
	l.check()
	n.mu.Lock()
	defer n.mu.Unlock()
	n.pair(from, to)
	n.link(from, to).Link = l
	for c := range n.conns {
		if c.out.is(from, to) {
			c.sender.wake() // the window may be larger
		}
	}
}
