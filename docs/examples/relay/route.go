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
	if r.once {
		r.err = err
	} else if err != nil {
		r.logFailure(ctx, client, err)
	}
}

func (r *route) logFailure(ctx context.Context, client abc.Stream, err error) {
	r.log.Log(ctx, levelOf(err), "conversation ended", "listen", r.from, "peer", peerOf(client), "error", err)
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

// dial connects in a goroutine of its own: that takes a larger stack than all
// that follows, and that of a conversation stays as large as it has been.
func (r *route) dial(ctx context.Context) (server abc.Stream, err error) {
	dialed := make(chan struct{})
	go func() {
		defer close(dialed)
		ctx, cancel := context.WithTimeout(ctx, r.timeout)
		defer cancel()
		server, err = r.connect(ctx)
	}()
	<-dialed
	return server, err
}

// converse waits in relay for most of the time, and has a small stack then: what
// needs more of it stands in functions of its own.
func (r *route) converse(ctx context.Context, client abc.Stream) error {
	server, err := r.dial(ctx)
	if err != nil {
		abort(client)
		r.counts.noConnection()
		return connectError{err}
	}
	c := newConversation(client, server)
	r.counts.begin(c)
	err = c.close(ctx, c.relay(ctx, r.idle))
	r.counts.end(c, err)
	if r.log.Enabled(ctx, slog.LevelDebug) {
		r.logEnd(c, err)
	}
	return err
}

func (r *route) logEnd(c *conversation, err error) {
	received, sent := c.client.Transferred()
	r.log.Debug("conversation", "listen", r.from, "peer", peerOf(c.client.stream), "connect", r.to,
		"received", received, "sent", sent, "took", time.Since(c.began), "error", err)
}
