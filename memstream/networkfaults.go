package memstream

// Partition cuts two hosts off from each other: nothing gets through in either
// direction, until [Network.Heal]. Connections stay. What is sent meanwhile, or
// is on its way, is held and sent when the partition is healed; so is a Dial.
// Neither side is told, and both fill their window.
func (n *Network) Partition(a, b string) {
	n.setFault(a, b, faultPartitioned)
	n.setFault(b, a, faultPartitioned)
}

// PartitionOneWay is [Network.Partition] for one direction. A Dial, which needs
// both, does not get through in either.
func (n *Network) PartitionOneWay(from, to string) { n.setFault(from, to, faultPartitioned) }

// Unroute is [Network.Partition] with routers that say so: a Dial returns
// syscall.EHOSTUNREACH at once. Connections are not told.
func (n *Network) Unroute(a, b string) {
	n.setFault(a, b, faultUnroutable)
	n.setFault(b, a, faultUnroutable)
}

// Stall holds what is sent from one host to another, until [Network.Heal], while
// dialling works as before: somebody answers, and then there is silence. A
// listener accepts none of the connections that are stalled on their way to it.
func (n *Network) Stall(from, to string) { n.setFault(from, to, faultStalled) }

// Heal ends every fault of the two directions between two hosts. What was held
// is sent at this moment, in order, and takes as long as the link takes.
func (n *Network) Heal(a, b string) {
	n.setFault(a, b, faultNone)
	n.setFault(b, a, faultNone)
}

func (n *Network) setFault(from, to string, f fault) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.pair(from, to)
	l := n.link(from, to)
	if f != faultNone {
		if f != faultStalled {
			l.cuts++
		}
		l.free = min(l.free, n.now())
	}
	l.fault = f
	for _, c := range n.ends() {
		if c.out.is(from, to) {
			n.settle(c.out)
		}
	}
	n.changed()
}

// settle makes a flow follow a change of its link or its host.
func (n *Network) settle(f *flow) {
	f.from.expire()
	if f.blocked() {
		f.hold()
		f.from.wake() // to know how long it may wait
	} else {
		f.release()
	}
}

// Reset breaks every connection between two hosts, at both ends at once, as a
// firewall does that forgets its connections: see [Conn.Reset]. New ones can be
// made.
func (n *Network) Reset(a, b string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.pair(a, b)
	for _, c := range n.ends() {
		if c.out.is(a, b) {
			c.reset()
		}
	}
}
