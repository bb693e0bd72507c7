package serve

import (
	"context"
	"sync"
	"sync/atomic"
)

// A Gate holds accepting back while a number of connections wait for somebody
// to take them, for a handler that only hands its stream on. It knows of those
// that have come to the handler: what is in a layer's handshake does not count.
type Gate struct {
	limit   int64
	waiting atomic.Int64 // not under mu, so that a handler does not wait before it counts

	mu    sync.Mutex
	opens chan struct{} // closed when there may be room; nil while nobody waits for that
}

type gateKey struct{}

// NewGate returns a gate and a context for Serve: all listeners that are served
// with it accept no more while limit connections wait.
func NewGate(ctx context.Context, limit int) (*Gate, context.Context) {
	g := &Gate{limit: int64(limit)}
	return g, context.WithValue(ctx, gateKey{}, g)
}

// gateOf returns the gate for a Serve with ctx, nil if there is none.
func gateOf(ctx context.Context) *Gate {
	g, _ := ctx.Value(gateKey{}).(*Gate)
	return g
}

// Enter says that a connection waits.
func (g *Gate) Enter() { g.waiting.Add(1) }

// Leave says that it does not any more.
func (g *Gate) Leave() {
	g.waiting.Add(-1)
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.opens != nil {
		close(g.opens)
		g.opens = nil
	}
}

// full returns nil if there is room, else what is closed when there may be.
func (g *Gate) full() <-chan struct{} {
	if g.waiting.Load() < g.limit {
		return nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.waiting.Load() < g.limit {
		return nil // a Leave came, which found nothing to close
	}
	if g.opens == nil {
		g.opens = make(chan struct{})
	}
	return g.opens
}
