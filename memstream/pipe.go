package memstream

import (
	"context"
	"io"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/tributary-go/tributary/abc"
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
	receiving  atomic.Bool
	rwaiting   bool
	rsmall     bool     // the last receive was small: an answer may come soon
	dst        []byte   // the buffer of the receiver that waits
	rwake      chan int // how many bytes are in dst; 0: look what happened
	rclosed    bool
	sclosed    bool
	ended      bool // SendEOF
	sending    bool // a sender is inside, and waits
	swaiting   bool // it waits to get rid of src
	roomWanted bool // it waits for a send not to block
	src        []byte
	swake      chan struct{}
}

const (
	// copyLimit bounds, in bytes, what one receive gets, which is copied under
	// the lock.
	copyLimit = 256 << 10

	// smallReceive is up to which size, in bytes, a receiver lets others run
	// once before it waits: in a ping-pong the answer is there afterwards, which
	// saves two goroutine switches through select.
	smallReceive = 4 << 10
)

// lockSend locks c for a sending operation, or says why it may not begin.
func (c *pipe) lockSend(ctx context.Context) error {
	if ctx.Err() != nil {
		return abc.ContextErr(ctx)
	}
	c.mu.Lock()
	var err error
	switch {
	case c.sclosed || c.ended:
		err = abc.ErrClosed
	case c.sending:
		err = abc.ErrBusy
	default:
		return nil
	}
	c.mu.Unlock()
	return err
}

// gone says why nothing can be sent any more, nil if it can.
func (c *pipe) gone() error {
	switch {
	case c.sclosed:
		return abc.ErrClosed
	case c.rclosed:
		return brokenByPeer
	}
	return nil
}

// send sends bufs, and returns how many bytes went.
func (c *pipe) send(ctx context.Context, bufs ...[]byte) (sent int, err error) {
	if err := c.lockSend(ctx); err != nil {
		return 0, err
	}
	defer c.mu.Unlock()
	if err := c.gone(); err != nil { // also if there is nothing to send
		return 0, err
	}
	for _, p := range bufs {
		n, err := c.sendLocked(ctx, p)
		sent += n
		if err != nil {
			return sent, err
		}
	}
	return sent, nil
}

func (c *pipe) sendLocked(ctx context.Context, p []byte) (int, error) {
	size := len(p)
	if size == 0 {
		return 0, nil
	}
	if err := c.gone(); err != nil { // while the buffer before this one waited
		return 0, err
	}
	if c.rwaiting {
		k := copy(c.dst[:min(len(c.dst), copyLimit)], p)
		p = p[k:]
		c.wakeReceiver(k)
	}
	if len(p) <= c.limit-c.ring.n {
		c.ring.put(p)
		return size, nil
	}
	c.src, c.swaiting = p, true
	inTime := c.waitSending(ctx, &c.swaiting)
	rest := len(c.src)
	c.src = nil
	switch {
	case rest == 0:
		return size, nil
	case !inTime:
		return size - rest, abc.ContextErr(ctx)
	}
	return size - rest, c.gone()
}

// waitSendable blocks until there is room, or a receiver that waits.
func (c *pipe) waitSendable(ctx context.Context) error {
	if err := c.lockSend(ctx); err != nil {
		return err
	}
	defer c.mu.Unlock()
	inTime := true
	if !c.rclosed && !c.rwaiting && c.ring.n >= c.limit {
		c.roomWanted = true
		inTime = c.waitSending(ctx, &c.roomWanted)
	}
	if !inTime {
		return abc.ContextErr(ctx)
	}
	return c.gone()
}

// waitSending releases the lock until the flag *waiting was cleared, or ctx is
// done (false). It returns with the lock held and the flag clear.
func (c *pipe) waitSending(ctx context.Context, waiting *bool) (inTime bool) {
	if c.swake == nil {
		c.swake = make(chan struct{}, 1)
	}
	c.sending = true
	c.mu.Unlock()
	select {
	case <-c.swake:
		c.mu.Lock()
		c.sending = false
		return true
	case <-ctx.Done():
	}
	c.mu.Lock()
	c.sending = false
	if !*waiting { // somebody was faster than ctx
		<-c.swake
		return true
	}
	*waiting = false
	return false
}

// sendEOF ends the direction.
func (c *pipe) sendEOF(ctx context.Context) error {
	if ctx.Err() != nil {
		return abc.ContextErr(ctx)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.sclosed:
		return abc.ErrClosed
	case c.sending:
		return abc.ErrBusy
	}
	c.ended = true
	if c.rwaiting {
		c.wakeReceiver(0)
	}
	return nil
}

// receive receives into p.
func (c *pipe) receive(ctx context.Context, p []byte) (int, error) {
	if ctx.Err() != nil {
		return 0, abc.ContextErr(ctx)
	}
	if len(p) == 0 {
		return 0, abc.ErrEmptyBuffer
	}
	c.mu.Lock()
	switch {
	case c.rclosed:
		c.mu.Unlock()
		return 0, abc.ErrClosed
	case c.receiving.Load():
		c.mu.Unlock()
		return 0, abc.ErrBusy
	}
	if n, err := c.take(p); n > 0 || err != nil {
		c.mu.Unlock()
		return n, err
	}
	c.receiving.Store(true)
	defer c.receiving.Store(false)

	done := ctx.Done()
	if done != nil && c.rsmall {
		c.mu.Unlock()
		runtime.Gosched()
		c.mu.Lock()
		if n, err := c.take(p); n > 0 || err != nil {
			c.mu.Unlock()
			return n, err
		}
	}
	if c.rwake == nil {
		c.rwake = make(chan int, 1)
	}
	c.dst, c.rwaiting = p, true
	if c.roomWanted {
		c.wakeSender(&c.roomWanted)
	}
	c.mu.Unlock()

	n := 0
	if done == nil {
		n = <-c.rwake // cheaper than a select
	} else {
		select {
		case n = <-c.rwake:
		case <-done:
			if c.stopReceiving() {
				return 0, abc.ContextErr(ctx)
			}
			n = <-c.rwake // somebody was faster than ctx
		}
	}
	if n > 0 {
		return n, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.take(p)
}

// stopReceiving makes the receiver that waits one that does not, or reports
// that somebody woke it before.
func (c *pipe) stopReceiving() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.rwaiting {
		return false
	}
	c.rwaiting, c.dst = false, nil
	return true
}

// take returns what there is for a receiver: bytes, an end, or neither.
func (c *pipe) take(p []byte) (int, error) {
	p = p[:min(len(p), copyLimit)]
	n := c.ring.get(p)
	if c.swaiting && n < len(p) { // the ring is empty: go on with the sender's own
		k := copy(p[n:], c.src)
		c.src = c.src[k:]
		n += k
	}
	if n == 0 {
		switch {
		case c.rclosed:
			return 0, abc.ErrClosed
		case c.ended || c.sclosed:
			return 0, io.EOF
		}
		return 0, nil
	}
	c.rsmall = n <= smallReceive
	if c.swaiting && len(c.src) <= c.limit-c.ring.n {
		c.ring.put(c.src)
		c.src = nil
		c.wakeSender(&c.swaiting)
	}
	if c.roomWanted && c.ring.n < c.limit {
		c.wakeSender(&c.roomWanted)
	}
	return n, nil
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
