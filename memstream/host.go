package memstream

import "math/rand/v2"

// A Host is a machine in a [Network]. Make one with [Network.Host]. All methods
// may be called at the same time.
//
// It reaches itself by its own name and as "localhost" or "127.0.0.1", over an
// ideal link that has no faults.
type Host struct {
	net       *Network
	name      string
	down      bool
	crashes   int
	listeners map[int]*acceptor // by port
	ports     map[int]*Conn     // what it dialled, by the port at this end
	chance    *rand.PCG
}

// Name returns the name of the host.
func (h *Host) Name() string { return h.name }

// Crash takes the host down, at once. Until [Host.Restart] it answers nothing.
//
// On the host, connections return [abc.ErrBroken], Serve returns it as well,
// after the handlers' ctx was cancelled and they returned, and Dial and Listen
// fail with syscall.ENETUNREACH and syscall.ENETDOWN.
//
// Its peers are not told: their connections are half-open. What they send is
// held. A receive of theirs blocks until they have sent something and the host,
// restarted, answers that with a reset; if they send nothing it blocks for ever.
// What the host has sent arrives, unless a fault of the link held it up.
func (h *Host) Crash() {
	n := h.net
	n.mu.Lock()
	defer n.mu.Unlock()
	if h.down {
		return
	}
	h.down = true
	h.crashes++
	var unaccepted []*Conn
	for _, l := range h.listeners {
		unaccepted = append(unaccepted, l.backlog...)
		l.backlog, l.err = nil, errHostCrashed
	}
	clear(h.listeners)
	clear(h.ports)
	for _, c := range n.ends() {
		if c.host != h {
			continue
		}
		c.in.hold()
		c.out.lose(held) // nobody sends it again
		if !c.closed && c.err == nil {
			c.vanish(errHostCrashed)
		}
		c.peer.wake() // to know how long it may wait
	}
	for _, c := range unaccepted {
		c.close() // for nobody else does
	}
	n.changed()
}

// Restart brings the host up again, with nothing of what it had. To what it does
// not know any more it answers with a reset.
func (h *Host) Restart() {
	n := h.net
	n.mu.Lock()
	defer n.mu.Unlock()
	if !h.down {
		return
	}
	h.down = false
	for _, c := range n.ends() {
		if c.host == h {
			n.settle(c.in)
		}
	}
	n.changed()
}

const firstEphemeral, lastEphemeral = 49152, 65535 // RFC 6335, section 6

// ephemeral returns a port that is free, 0 if none is.
func (h *Host) ephemeral() int {
	const ports = lastEphemeral - firstEphemeral + 1
	start := int(h.chance.Uint64() % ports)
	for i := range ports {
		port := firstEphemeral + (start+i)%ports
		if h.listeners[port] == nil && h.ports[port] == nil {
			return port
		}
	}
	return 0
}
