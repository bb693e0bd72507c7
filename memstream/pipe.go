package memstream

import "sync"

// A pipe is one direction of a stream. Bytes go from the sender to the
// receiver by the shortest way that is open: straight into the buffer of a
// receiver that waits; else into the ring, if they fit there; else the sender
// waits, with its own buffer exposed, and the receiver takes them out of that.
// So bytes of a large send are copied once.
//
// At most one operation a side waits. Who makes it able to go on clears its
// waiting flag under mu and puts one token into its channel, which has room
// for it because the flag was set. The channels are made by the operation that
// waits, so that they belong to its synctest bubble.
type pipe struct {
	mu    sync.Mutex
	first bool // whose mu is locked first, where those of a pair are both needed

	// The receiver.
	receiving bool // it has no bytes yet, or its buffer is still open to more
	rwaiting  bool
	rclosed   bool
	ryield    yields

	// The sender.
	sending    bool // it waits, or yields
	swaiting   bool // to get rid of src
	roomWanted bool // for a send not to block
	sclosed    bool
	ended      bool // SendEOF
	syield     yields

	limit int // how much the ring may hold
	ring  ring

	// dst is what is free of the buffer of a receiver that has found nothing,
	// until it has seen how much was filled.
	dst    []byte
	filled int
	rwake  chan int // how many bytes it got; 0: look what happened

	src   []byte // what the sender that waits has left to send
	swake chan struct{}
}

// closeSend ends the sending side. It is called with the lock held.
func (c *pipe) closeSend() {
	c.sclosed = true
	c.wakeAll()
}

// closeReceive ends the receiving side. It is called with the lock held.
func (c *pipe) closeReceive() {
	c.rclosed = true
	c.ring.drop()
	c.wakeAll()
}

// wakeAll makes both sides look at what happened.
func (c *pipe) wakeAll() {
	if c.rwaiting {
		c.wakeReceiver()
	}
	if c.swaiting {
		c.wakeSender(&c.swaiting)
	}
	if c.roomWanted {
		c.wakeSender(&c.roomWanted)
	}
}

// wakeReceiver wakes the receiver that waits. If its buffer is full it has
// been served, and does not need the lock any more.
func (c *pipe) wakeReceiver() {
	c.rwaiting = false
	n := 0
	if c.filled > 0 && len(c.dst) == 0 {
		n = c.filled
		c.receiving, c.dst, c.filled = false, nil, 0
	}
	c.rwake <- n
}

func (c *pipe) wakeSender(waiting *bool) {
	*waiting = false
	c.swake <- struct{}{}
}
