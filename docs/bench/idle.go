package main

import (
	"net"
	"runtime"

	"github.com/tributary-go/tributary/socketstream"
)

func idle(pairs int) []Row {
	used := func() (any, any) {
		a, b := memoryPair()
		p := make([]byte, 64)
		for range 2 {
			check(a.SendAll(bg, p))
			must(b.ReceiveSome(bg, p))
			a, b = b, a
		}
		return a, b
	}
	streams := min(pairs, openFiles()-200) // one descriptor each
	return []Row{
		{Name: "idle: a memory pair", Unit: "B", Goals: []Goal{{Peer: "net.Pipe", Most: 448, By: Absolute}, {Peer: "bufconn", Most: 448, By: Absolute}}, Subjects: []Subject{
			{Name: "fresh", Count: func() float64 { return bytesOf(pairs, func() (any, any) { return memoryPair() }) }},
			{Name: "net.Pipe", Count: func() float64 { return bytesOf(pairs, func() (any, any) { return net.Pipe() }) }},
			{Name: "bufconn", Count: func() float64 { return bytesOf(pairs/20, func() (any, any) { return bufconnPair() }) }},
		}},
		{Name: "idle: a memory pair after use", Unit: "B", Goals: []Goal{{Peer: "net.Pipe", Most: 1024, By: Absolute}}, Subjects: []Subject{
			{Name: "used", Count: func() float64 { return bytesOf(pairs, used) }},
			{Name: "net.Pipe", Count: func() float64 { return bytesOf(pairs, func() (any, any) { return net.Pipe() }) }},
		}},
		{Name: "idle: a TCP stream", Unit: "B", Goals: []Goal{{Peer: "net.Conn", Most: 256, By: More}}, Subjects: []Subject{
			{Name: "socketstream", Count: func() float64 {
				return tcpBytes(streams, func(c net.Conn) any { return socketstream.New(c) })
			}},
			{Name: "net.Conn", Count: func() float64 { return tcpBytes(streams, func(c net.Conn) any { return c }) }},
		}},
	}
}

// bytesOf returns how much of the heap each of n pairs holds.
func bytesOf(n int, dial func() (a, b any)) float64 {
	pairs := make([][2]any, n)
	before := heap()
	for i := range pairs {
		pairs[i][0], pairs[i][1] = dial()
	}
	held := heap() - before
	for _, pair := range pairs {
		for _, end := range pair {
			if c, ok := end.(net.Conn); ok {
				c.Close()
			}
		}
	}
	return float64(held) / float64(n)
}

// tcpBytes returns how much of the heap each of n streams holds that wrap makes.
func tcpBytes(n int, wrap func(net.Conn) any) float64 {
	l := must(net.Listen("tcp", "127.0.0.1:0"))
	defer l.Close()
	dial := func() (net.Conn, error) { return net.Dial("tcp", l.Addr().String()) }
	conns := make([]net.Conn, 0, n)
	held := bytesOf(n/2, func() (any, any) {
		a, b := accepted(l, dial)
		conns = append(conns, a, b)
		return wrap(a), wrap(b)
	})
	for _, c := range conns {
		c.Close()
	}
	return held / 2
}

func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // finalizers and pools need two
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
