package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/tributary-go/tributary/memstream"
)

// serve runs all routes until they have ended by themselves, one has failed, or
// a signal came.
func serve(o *options, t *terminal) error {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	n := &network{options: o, log: t.logger(o), memory: map[string]*memstream.Listener{}}
	routes, err := n.routes()
	if err != nil {
		return err
	}
	stopStats, err := n.serveStats(routes)
	if err != nil {
		closeAll(routes)
		return err
	}
	defer stopStats()
	for _, address := range n.opened {
		n.log.Info("listening", "address", address)
	}
	defer t.progress(routes)()

	ctx, force := context.WithCancelCause(context.Background())
	defer force(nil)
	served := make(chan error, len(routes))
	for _, r := range routes {
		go func() { served <- r.serve(ctx) }()
	}
	d := &draining{network: n, routes: routes, force: force}
	defer d.stop()
	for left := len(routes); left > 0; {
		select {
		case e := <-served:
			left--
			if e != nil && !errors.Is(e, errCut) {
				err = errors.Join(err, e)
				d.begin()
			}
		case s := <-signals:
			d.signal(s)
		}
	}
	return errors.Join(err, d.outcome())
}

// errCut is why conversations ended that did not end by themselves.
var errCut = errors.New("conversations were cut off")

// draining is the shutdown.
type draining struct {
	*network
	routes []*route
	force  context.CancelCauseFunc
	limit  *time.Timer  // nil before it begins
	cut    atomic.Int64 // how many conversations
	closes sync.WaitGroup
}

// signal begins it, and the second time ends it.
func (d *draining) signal(s os.Signal) {
	if d.limit != nil || d.alone() {
		d.end()
		return
	}
	d.log.Info("draining", "signal", s.String(), "open", d.open(), "grace", d.grace, "hint", "a second signal ends it at once")
	d.begin()
}

// alone tells that there is but one conversation, of who starts this program:
// nobody else is to be waited for.
func (d *draining) alone() bool {
	r := d.routes[0]
	return len(d.routes) == 1 && (r.from.scheme == "-" || r.from.scheme == "exec")
}

// begin closes the listeners, gracefully, and lets conversations go on until
// the grace is over.
func (d *draining) begin() {
	if d.limit != nil {
		return
	}
	d.limit = time.AfterFunc(d.grace, d.end)
	for _, r := range d.routes {
		d.closes.Go(func() { _ = r.listener.Close(context.Background()) }) // until no handler is left
	}
}

// end ends all conversations by the context of Serve, not by a forceful Close:
// that would close TCP as if in good order, before abort can reset it.
func (d *draining) end() {
	d.cut.CompareAndSwap(0, d.open())
	d.force(errCut)
}

func (d *draining) open() (n int64) {
	for _, r := range d.routes {
		n += r.snapshot().Open
	}
	return n
}

// stop returns when the listeners are closed: Serve may have returned while the
// path of a Unix socket was still to be removed.
func (d *draining) stop() {
	if d.limit != nil {
		d.limit.Stop()
	}
	d.closes.Wait()
}

// outcome is the error if conversations had to be cut off.
func (d *draining) outcome() error {
	if cut := d.cut.Load(); cut > 0 {
		return fmt.Errorf("%w: %d of them", errCut, cut)
	}
	return nil
}
