package memstream

import "sync"

// A pipe is one direction of a stream. Bytes go from the sender to the
// receiver by the shortest way that is open: straight into the buffer of a
// receiver that found nothing; else into the ring, if they fit there; else the
// sender waits, with its own buffer exposed, and the receiver takes them out of
// that. So bytes of a large send are copied once.
//
// At most one operation a side waits. Who makes it able to go on clears its
// waiting flag under mu and puts one token into its channel, which has room
// for it because the flag was set. The channels are made by the operation that
// waits, so that they belong to its synctest bubble.
//
// What was woken has not run yet. Until it does, its buffer stays open: the
// sender goes on filling dst, and the receiver goes on taking out of src. Only
// Close ends that at once.
type pipe struct {
	mu    sync.Mutex
	first bool // whose mu is locked first, where those of a pair are both needed

	// The receiver.
	receiving bool // it found nothing, and dst is open
	rwaiting  bool
	rclosed   bool
	ryield    yields

	// The sender.
	sending    bool // it yields, or waits for one of the two that follow
	swaiting   bool // to get rid of src
	roomWanted bool // for a send not to block
	sclosed    bool
	ended      bool // SendEOF
	syield     yields

	limit int // how much the ring may hold
	ring  ring

	dst    []byte   // what is free of the receiver's buffer
	filled int      // how much of it is not
	rwake  chan int // how much a receiver got whose buffer is full; 0: look what happened

	src   []byte // what the sender has left to send
	swake chan struct{}
}

// closeSend ends the sending side. It is called with the lock held.
func (c *pipe) closeSend() {
	c.sclosed = true
	c.sending = false // nothing is taken any more from the sender that wakes
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

// wakeReceiver wakes the receiver that waits. If its buffer is full, its receive
// is over here, which spares it the lock; but until it has taken its token no
// other may wait for one.
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
