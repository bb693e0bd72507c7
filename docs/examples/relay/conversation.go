package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/socketstream"
)

// A conversation is a client and a server with bytes between them.
type conversation struct {
	client, server side
	began          time.Time
}

func newConversation(client, server abc.Stream) *conversation {
	return &conversation{client: newSide(client), server: newSide(server), began: time.Now()}
}

// relay carries bytes until both directions have ended, or for as long as they
// move.
func (c *conversation) relay(ctx context.Context, idle time.Duration) error {
	if idle > 0 {
		return c.relayUnlessIdle(ctx, idle)
	}
	_, _, err := abc.Relay(ctx, c.client.stream, c.server.stream)
	return err
}

func (c *conversation) relayUnlessIdle(ctx context.Context, idle time.Duration) error {
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	defer c.endWhenIdle(idle, end)()
	return c.relay(ctx, 0)
}

// close closes both sides after relay, which returned err, and returns the error
// of the conversation.
func (c *conversation) close(ctx context.Context, err error) error {
	if errors.Is(err, errors.ErrUnsupported) {
		err = nil // TLS 1.2: who ends one direction has ended both
	}
	if err == nil {
		err = errors.Join(c.client.stream.Close(ctx), c.server.stream.Close(ctx))
	}
	if err != nil {
		abort(c.client.stream)
		abort(c.server.stream)
	}
	return err
}

// moved is how many bytes passed so far, of both sides and directions.
func (c *conversation) moved() int64 {
	a, b := c.client.Transferred()
	x, y := c.server.Transferred()
	return a + b + x + y
}

// errIdle is why an idle conversation ended.
type errIdle time.Duration

func (e errIdle) Error() string { return fmt.Sprintf("no byte moved for %v", time.Duration(e)) }

// endWhenIdle calls end when no byte has moved for limit, or up to a quarter
// longer: it looks each quarter. That costs the bytes themselves nothing, and
// leaves them their short way through the kernel.
func (c *conversation) endWhenIdle(limit time.Duration, end func(error)) (stop func()) {
	const looks = 4
	var last int64
	var timer *time.Timer
	still := 0
	ready := make(chan struct{})
	timer = time.AfterFunc(limit/looks, func() {
		<-ready
		if now := c.moved(); now != last {
			last, still = now, 0
		} else if still++; still >= looks {
			end(errIdle(limit))
			return
		}
		timer.Reset(limit / looks)
	})
	close(ready)
	return func() { timer.Stop() }
}

// abort closes s so that the peer cannot take it for an end in good order:
// TLS is truncated, and TCP is reset.
func abort(s abc.Stream) {
	if socket, ok := abc.SkipTransparent(s).(*socketstream.Stream); ok {
		if tcp, ok := socket.Conn().(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
	}
	_ = closeutil.CloseForcefully(s)
}
