package abc

import (
	"context"
	"sync/atomic"
)

// A Guard lets one operation at a time into one half of a stream, and none
// once that half is closed. It is for those who write a transport: a stream
// has one for sending and one for receiving, and each operation begins with
// Enter and ends with Leave. The errors come back in the order that the
// contract asks for, ready to be put into an [OpError].
//
// The zero value is an open guard. All methods may be called at the same time.
// A Guard must not be copied after its first use.
type Guard struct {
	state atomic.Uint32
}

const (
	guardBusy   = 1 << iota // an operation is inside
	guardClosed             // none may enter any more
)

// Enter begins an operation, which Leave ends. It does not block. It returns
// the error of a done ctx, [ErrClosed], or [ErrBusy]; after an error the
// operation did not begin.
func (g *Guard) Enter(ctx context.Context) error {
	if ctx.Err() != nil {
		return ContextErr(ctx)
	}
	return g.enter()
}

// EnterReceive is Enter for ReceiveSome(ctx, p). It returns [ErrEmptyBuffer] as
// well.
func (g *Guard) EnterReceive(ctx context.Context, p []byte) error {
	if ctx.Err() != nil {
		return ContextErr(ctx)
	}
	if len(p) == 0 {
		return ErrEmptyBuffer
	}
	return g.enter()
}

func (g *Guard) enter() error {
	for {
		old := g.state.Load()
		switch {
		case old&guardClosed != 0:
			return ErrClosed
		case old&guardBusy != 0:
			return ErrBusy
		case g.state.CompareAndSwap(old, old|guardBusy):
			return nil
		}
	}
}

// Leave ends the operation that Enter began. It reports whether Close was called
// meanwhile: then that was the last one.
func (g *Guard) Leave() (closed bool) { return g.state.And(^uint32(guardBusy))&guardClosed != 0 }

// Close makes every later Enter return [ErrClosed]. It does not wait for the
// operation that is inside. It reports whether there is one.
func (g *Guard) Close() (busy bool) { return g.state.Or(guardClosed)&guardBusy != 0 }

// Closed reports whether Close was called.
func (g *Guard) Closed() bool { return g.state.Load()&guardClosed != 0 }
