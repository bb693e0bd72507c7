package main

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/tributary-go/tributary/abc"
)

// A route is two addresses and the conversations between them.
type route struct {
	*options
	log      *slog.Logger
	from, to address
	listener abc.Listener
	connect  connector
	once     bool // one conversation, and its error is that of the route
	err      error
	counts   counts
}

// routes opens all that is listened at, or nothing.
func (n *network) routes() (all []*route, err error) {
	defer func() {
		if err != nil {
			closeAll(all)
		}
	}()
	for _, pair := range n.options.routes {
		r := &route{options: n.options, log: n.log, from: pair[0], to: pair[1]}
		r.once = r.from.scheme == "-" || r.from.scheme == "exec" || r.to.scheme == "-"
		max := n.max
		if r.once {
			max = 1
		}
		if r.listener, err = n.listen(r.from, max); err != nil {
			return all, err
		}
		all = append(all, r)
	}
	for _, r := range all {
		if r.connect, err = n.connector(r.to); err != nil {
			return all, err
		}
	}
	return all, nil
}

func closeAll(all []*route) {
	for _, r := range all {
		_ = r.listener.Close(context.Background()) // nobody is being served
	}
}

// serve returns when no conversation is left, with the error of the only one if
// there was only to be one. ctx ends them at once.
func (r *route) serve(ctx context.Context) error {
	err := r.listener.Serve(ctx, r.handle)
	if r.once && r.err != nil {
		return r.err
	}
	if errors.Is(err, abc.ErrClosed) || ctx.Err() != nil {
		return nil
	}
	return err
}

// handle is the handler of the listener.
func (r *route) handle(ctx context.Context, client abc.Stream) {
	if r.once {
		_ = r.listener.Close(ctx) // it waits for other handlers, of which there are none
	}
	err := r.converse(ctx, client)
	switch {
	case r.once:
		r.err = err
	case err != nil:
		r.log.Log(ctx, levelOf(err), "conversation ended", "listen", r.from, "peer", peerOf(client), "error", err)
	}
}

// A connectError is one of connecting. It is worth more attention than what
// clients do.
type connectError struct{ error }

func (e connectError) Unwrap() error { return e.error }

func levelOf(err error) slog.Level {
	if errors.As(err, new(connectError)) {
		return slog.LevelWarn
	}
	return slog.LevelInfo
}

func (r *route) converse(ctx context.Context, client abc.Stream) error {
	dialing, cancel := context.WithTimeout(ctx, r.timeout)
	server, err := r.connect(dialing)
	cancel()
	if err != nil {
		abort(client)
		r.counts.noConnection()
		return connectError{err}
	}
	c := &conversation{client: newSide(client), server: newSide(server), began: time.Now()}
	r.counts.begin(c)
	err = c.relay(ctx, r.idle)
	r.counts.end(c, err)
	if r.log.Enabled(ctx, slog.LevelDebug) {
		received, sent := c.client.Transferred()
		r.log.Debug("conversation", "listen", r.from, "peer", peerOf(client), "connect", r.to,
			"received", received, "sent", sent, "took", time.Since(c.began), "error", err)
	}
	return err
}
