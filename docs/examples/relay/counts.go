package main

import (
	"errors"
	"sync"

	"github.com/tributary-go/tributary/abc"
)

// counts are what a route has done.
type counts struct {
	mu       sync.Mutex
	open     map[*conversation]struct{}
	ended    int64
	failed   int64 // of ended
	idle     int64 // of failed
	refused  int64 // had no server
	received int64 // by those that ended
	sent     int64
}

func (c *counts) begin(v *conversation) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open == nil {
		c.open = map[*conversation]struct{}{}
	}
	c.open[v] = struct{}{}
}

func (c *counts) end(v *conversation, err error) {
	received, sent := v.client.Transferred()
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.open, v)
	c.ended++
	if err != nil {
		c.failed++
	}
	if errors.As(err, new(errIdle)) {
		c.idle++
	}
	c.received += received
	c.sent += sent
}

func (c *counts) noConnection() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.refused++
}

// A snapshot is the counts of a route at one moment, as /debug/vars has them.
type snapshot struct {
	Listen, Connect string

	// Open conversations, those that ended, and what became of them.
	Open, Ended, Failed, Idle int64
	// NoServer is how many clients there was no connection for.
	NoServer int64
	// Received from clients and Sent to them, in bytes as they are on the wire.
	Received, Sent int64

	Listener abc.ListenerStats
}

func (r *route) snapshot() snapshot {
	c := &r.counts
	c.mu.Lock()
	defer c.mu.Unlock()
	s := snapshot{
		Listen: r.from.text, Connect: r.to.text,
		Open: int64(len(c.open)), Ended: c.ended, Failed: c.failed, Idle: c.idle, NoServer: c.refused,
		Received: c.received, Sent: c.sent,
	}
	for v := range c.open {
		received, sent := v.client.Transferred()
		s.Received += received
		s.Sent += sent
	}
	s.Listener, _ = abc.StatsOf(r.listener)
	return s
}
