package fault

import (
	"context"
	"errors"
	"sync/atomic"
	"syscall"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/closeutil"
)

// Drop returns s over a connection that is lost at a random moment: when a
// number of bytes was sent, or another one was received, both less than
// within, whichever comes first. 0 means: with the first operation of that
// half. The seed settles the two numbers.
//
// Then s is closed forcefully. Its peer sees what that looks like on s: over a
// memstream io.EOF, which a [Truncate] there makes a break. This side gets
// [abc.ErrBroken] with syscall.ECONNRESET in the chain from every operation,
// also from one that is blocked. Of a send that goes beyond, Sent in the error
// says how many bytes were sent.
//
// So a connection over which at least within bytes should go one way does not
// survive. To try many moments:
//
//	for seed := range uint64(1000) {
//		s := fault.Drop(dial(), seed, size)
//		…
//	}
func Drop(s abc.Stream, seed uint64, within int) *Stream {
	if within <= 0 {
		panic("fault: Drop within no bytes")
	}
	f := wrap(s)
	c := &connection{below: s}
	sent, received := random(seed)
	f.out, f.in = c.gate(sent.IntN(within)), c.gate(received.IntN(within))
	f.explain = func(err error) error {
		// The close below was ours, not the user's.
		if c.lost.Load() && !f.isClosed() && errors.Is(err, abc.ErrClosed) {
			return errDropped
		}
		return nil
	}
	return f
}

var errDropped = abc.Broken(syscall.ECONNRESET)

// A connection is what both halves of a Drop have in common.
type connection struct {
	below abc.Stream
	lost  atomic.Bool
}

// drop loses the connection, if it is not lost yet.
func (c *connection) drop() {
	if !c.lost.Swap(true) {
		_ = closeutil.CloseForcefully(c.below) // there is nobody to tell
	}
}

// gate returns the gate of a half that has n bytes to go.
func (c *connection) gate(n int) *dropGate {
	return &dropGate{c, after(n, func(context.Context) error {
		c.drop()
		return errDropped
	})}
}

// dropGate is a limit that ends the connection as soon as it is reached.
type dropGate struct {
	c *connection
	*limit
}

func (g *dropGate) passed(n int) {
	g.limit.passed(n)
	if g.left == 0 { // now, for those who are blocked in the other direction
		g.c.drop()
	}
}
