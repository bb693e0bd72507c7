package main

import "net"

func sockets() (all []Row) {
	for _, network := range []struct {
		name string
		dial func() (a, b net.Conn)
	}{{"TCP", tcpPair}, {"Unix", unixPair}} {
		for _, work := range []struct {
			name string
			do   func(dialer) func() (func(int), func())
		}{
			{"1 B there and back", func(d dialer) func() (func(int), func()) { return pingPong(d, 1) }},
			{"sends of 16 KiB", func(d dialer) func() (func(int), func()) { return bulk(d, 16<<10, 64<<10) }},
			{"sends of 64 KiB", func(d dialer) func() (func(int), func()) { return bulk(d, 64<<10, 64<<10) }},
			{"sends of 1 MiB", func(d dialer) func() (func(int), func()) { return bulk(d, 1<<20, 64<<10) }},
		} {
			all = append(all, socketRows(network.name+": "+work.name, 1.10, network.dial, work.do)...)
		}
	}
	// A socket between one goroutine and itself: nothing blocks.
	return append(all, socketRows("Unix: 1 B sent and received, nothing blocks", 1.03, unixPair, hereAndThere)...)
}

// socketRows are a row for contexts that are made once, and one for contexts
// that are made for each call, by the peer too.
func socketRows(name string, freshGoal float64, dial func() (a, b net.Conn), do func(dialer) func() (func(int), func())) []Row {
	dialStreams := socketPair(dial)
	return []Row{
		{Name: name, Goals: []Goal{{Peer: "net.Conn", Most: 1.03}}, Subjects: []Subject{
			{Name: "background", Setup: do(streams(bg, dialStreams))},
			{Name: "reused ctx", Setup: do(streams(reused(), dialStreams))},
			{Name: "net.Conn", Setup: do(conns(dial))},
		}},
		{Name: name + ", WithTimeout each", Goals: []Goal{{Peer: "net.Conn", Most: freshGoal}}, Subjects: []Subject{
			{Name: "fresh ctx", Setup: do(freshStreams(dialStreams))},
			{Name: "net.Conn", Setup: do(freshConns(dial))},
		}},
	}
}

func hereAndThere(dial dialer) func() (func(int), func()) {
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
