package memstream

import (
	"sync"
	"sync/atomic"
)

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
	limit int  // how much the ring may hold
	ring  ring

	// The receiver. receiving is set from before it waits until it has taken
	// its token, so that no other one can take it; it is the only thing here
	// that changes outside mu, which spares a woken receiver the lock.
	receiving atomic.Bool
	rwaiting  bool
	rsmall    bool // the last receive was small: an answer may come soon
	rclosed   bool
	dst       []byte   // the buffer of the receiver that waits
	rwake     chan int // how many bytes are in dst; 0: look what happened

	// The sender.
	sending    bool // it waits, for one of the two that follow
	swaiting   bool // to get rid of src
	roomWanted bool // for a send not to block
	sclosed    bool
	ended      bool   // SendEOF
	src        []byte // what the sender that waits has left to send
	swake      chan struct{}
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
		c.wakeReceiver(0)
	}
	if c.swaiting {
		c.wakeSender(&c.swaiting)
	}
	if c.roomWanted {
		c.wakeSender(&c.roomWanted)
	}
}

func (c *pipe) wakeReceiver(n int) {
	c.rwaiting, c.dst = false, nil
	c.rsmall = n <= smallReceive
	c.rwake <- n
}

func (c *pipe) wakeSender(waiting *bool) {
	*waiting = false
	c.swake <- struct{}{}
}
