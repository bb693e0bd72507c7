package main

import "net"

func memory() []Row {
	background := streams(bg, memoryPair)
	reusing := streams(reused(), memoryPair)
	buf, pipe := conns(bufconnPair), conns(net.Pipe)
	all := []Row{
		{
			Name:  "memory: 1 B there and back",
			Goals: []Goal{{Peer: "Go channel", Most: 1.05}, {Peer: "bufconn", Most: 1}, {Peer: "net.Pipe", Most: 0.25}},
			Subjects: []Subject{
				{Name: "background", Setup: pingPong(background, 1)},
				{Name: "reused ctx", Setup: pingPong(reusing, 1)},
				{Name: "Go channel", Setup: channelPingPong},
				{Name: "bufconn", Setup: pingPong(buf, 1)},
				{Name: "net.Pipe", Setup: pingPong(pipe, 1)},
			},
		},
		{
			Name:  "memory: 1 B there and back, 200 pairs at once",
			Goals: []Goal{{Peer: "bufconn", Most: 1}},
			Subjects: []Subject{
				{Name: "background", Setup: atOnce(200, pingPong(background, 1))},
				{Name: "reused ctx", Setup: atOnce(200, pingPong(reusing, 1))},
				{Name: "bufconn", Setup: atOnce(200, pingPong(buf, 1))},
			},
		},
	}
	for _, b := range []struct {
		name       string
		size, room int
		goals      []Goal
	}{
		{"64 B to a buffer of 64 KiB", 64, 64 << 10, []Goal{{Peer: "bufconn", Most: 0.95}}},
		{"64 B to a buffer of 64 B", 64, 64, []Goal{{Peer: "bufconn", Most: 0.95}}},
		{"4 KiB to a buffer of 64 KiB", 4 << 10, 64 << 10, []Goal{{Peer: "bufconn", Most: 0.95}}},
		{"4 KiB to a buffer of 4 KiB", 4 << 10, 4 << 10, []Goal{{Peer: "bufconn", Most: 0.95}}},
		{"64 KiB", 64 << 10, 64 << 10, []Goal{{Peer: "copy()", Most: 1.9}, {Peer: "bufconn", Most: 0.65}}},
		{"1 MiB", 1 << 20, 64 << 10, []Goal{{Peer: "copy()", Most: 1.3}, {Peer: "bufconn", Most: 0.5}}},
	} {
		row := Row{Name: "memory: sends of " + b.name, Goals: b.goals, Subjects: []Subject{
			{Name: "background", Setup: bulk(background, b.size, b.room)},
			{Name: "reused ctx", Setup: bulk(reusing, b.size, b.room)},
			{Name: "bufconn", Setup: bulk(buf, b.size, b.room)},
		}}
		if row.peer("copy()") {
			row.Subjects = append(row.Subjects, Subject{Name: "copy()", Setup: copying(b.size)})
		}
		all = append(all, row)
	}
	return all
}

func channelPingPong() (run func(int), cleanup func()) {
	ping, pong := make(chan byte), make(chan byte)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for x := range ping {
			pong <- x
		}
	}()
	run = func(n int) {
		for range n {
			ping <- 1
			<-pong
		}
	}
	return run, func() { close(ping); <-done }
}

// copying is the least that a stream could do.
func copying(size int) setup {
	return func() (func(int), func()) {
		from, to := make([]byte, size), make([]byte, size)
		run := func(n int) {
			for range n {
				copy(to, from)
			}
		}
		return run, func() {}
	}
}
