package main

import (
	"context"
	"net"
	"runtime"
	"sync"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/listener"
)

func listeners(conns int) []Row {
	return []Row{
		{Name: "listener: a Unix connection, a byte, its end", Goals: []Goal{{Peer: "accept loop", Most: 1.03}}, Subjects: []Subject{
			{Name: "Listener.Serve", Setup: visits(serveStreams)},
			{Name: "accept loop", Setup: visits(acceptLoop)},
		}},
		{Name: "listener: a connection that waits", Unit: "B", Goals: []Goal{{Peer: "accept loop", Most: 512, By: More}}, Subjects: []Subject{
			{Name: "Listener.Serve", Count: func() float64 { return waiting(conns, serveStreams) }},
			{Name: "accept loop", Count: func() float64 { return waiting(conns, acceptLoop) }},
		}},
	}
}

// A server greets each connection of l with a byte, and closes it when the
// client has closed it. stop returns when it has ended.
type server func(l net.Listener) (stop func())

func serveStreams(ln net.Listener) (stop func()) {
	l := listener.FromNet(ln, nil)
	var done sync.WaitGroup
	done.Go(func() {
		l.Serve(bg, func(ctx context.Context, s abc.Stream) {
			p := make([]byte, 1)
			check(s.SendAll(ctx, p))
			s.ReceiveSome(ctx, p)
		})
	})
	return func() { l.Close(bg); done.Wait() }
}

func acceptLoop(ln net.Listener) (stop func()) {
	var done sync.WaitGroup
	done.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			done.Go(func() {
				defer c.Close()
				p := make([]byte, 1)
				must(c.Write(p))
				c.Read(p)
			})
		}
	})
	return func() { ln.Close(); done.Wait() }
}

func visits(serve server) setup {
	return func() (func(int), func()) {
		l, remove := listenUnix()
		stop := serve(l)
		p := make([]byte, 1)
		run := func(n int) {
			for range n {
				c := must(net.Dial("unix", l.Addr().String()))
				must(c.Read(p))
				c.Close()
			}
		}
		return run, func() { stop(); remove() }
	}
}

// waiting returns the bytes of heap and stacks that a connection holds, the
// client's end included.
func waiting(conns int, serve server) float64 {
	l, remove := listenUnix()
	defer remove()
	stop := serve(l)
	p := make([]byte, 1)
	clients := make([]net.Conn, conns)
	before := heap() + stacks()
	for i := range clients {
		clients[i] = must(net.Dial("unix", l.Addr().String()))
		must(clients[i].Read(p))
	}
	after := heap() + stacks()
	for _, c := range clients {
		c.Close()
	}
	stop()
	return float64(after-before) / float64(conns)
}

func stacks() int64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.StackInuse)
}
