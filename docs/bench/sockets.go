package main

import (
	"fmt"
	"net"
	"slices"
)

func sockets() (all []Row) {
	timed := []Goal{{Peer: "net.Conn", Most: 1.10}}
	// Of the four calls of a round trip two block, which may take 3 each.
	blocks := append(timed[:1:1], Goal{Peer: "net.Conn", Most: 6, By: Allocs}, least)
	never := []Goal{{Peer: "net.Conn", Most: 1.03}, {Peer: "net.Conn", Most: 0.01, By: Allocs}}
	for _, network := range []struct {
		name string
		dial func() (a, b net.Conn)
	}{{"TCP", tcpPair}, {"Unix", unixPair}} {
		for _, work := range []struct {
			name  string
			fresh []Goal
			do    func(dialer) setup
		}{
			{"1 B there and back", blocks, func(d dialer) setup { return pingPong(d, 1) }},
			{"sends of 16 KiB", timed, func(d dialer) setup { return bulk(d, 16<<10, 64<<10) }},
			{"sends of 64 KiB", timed, func(d dialer) setup { return bulk(d, 64<<10, 64<<10) }},
			{"sends of 1 MiB", timed, func(d dialer) setup { return bulk(d, 1<<20, 64<<10) }},
		} {
			all = append(all, socketRows(network.name+": "+work.name, network.dial, work.do, work.fresh)...)
		}
	}
	for _, pairs := range []int{100, 1_000} {
		all = append(all, Row{
			Name:  fmt.Sprintf("TCP: 1 B there and back, %d pairs at once", pairs),
			Goals: []Goal{{Peer: "net.Conn", Most: 1.03}, {Peer: "net.Conn", Most: 1.03, By: CPU}},
			Subjects: []Subject{
				{Name: "reused ctx", Setup: atOnce(pairs, pingPong(streams(reused(), socketPair(tcpPair)), 1))},
				{Name: "net.Conn", Setup: atOnce(pairs, pingPong(conns(tcpPair), 1))},
			},
		})
	}
	// A socket between one goroutine and itself: nothing blocks.
	return append(all, socketRows("Unix: 1 B sent and received, nothing blocks", unixPair, hereAndThere, never)...)
}

// least is the goal beside a net.Conn each of whose receives blocks, and is told
// of the end of its context without acting on it.
var least = Goal{Peer: "and AfterFunc", Most: 1.03}

// socketRows are a row for contexts that are made once, and one for contexts
// that are made for each call, by the peer too, with goals of their own.
func socketRows(name string, dial func() (a, b net.Conn), do func(dialer) setup, fresh []Goal) []Row {
	dialStreams := socketPair(dial)
	callers := []Subject{
		{Name: "fresh ctx", Setup: do(freshStreams(dialStreams))},
		{Name: "net.Conn", Setup: do(freshConns(dial))},
	}
	if slices.Contains(fresh, least) {
		callers = append(callers, Subject{Name: least.Peer, Setup: do(toldConns(dial))})
	}
	return []Row{
		{Name: name, Goals: []Goal{{Peer: "net.Conn", Most: 1.03}}, Subjects: []Subject{
			{Name: "background", Setup: do(streams(bg, dialStreams))},
			{Name: "reused ctx", Setup: do(streams(reused(), dialStreams))},
			{Name: "net.Conn", Setup: do(conns(dial))},
		}},
		{Name: name + ", WithTimeout each", Goals: fresh, Subjects: callers},
	}
}

func hereAndThere(dial dialer) setup {
	return func() (func(int), func()) {
		a, b := dial()
		p := make([]byte, 1)
		run := func(n int) {
			for range n {
				check(a.send(p))
				must(b.receive(p))
			}
		}
		return run, func() { a.close(); b.close() }
	}
}
