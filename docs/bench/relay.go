package main

import (
	"fmt"
	"io"
	"net"
	"sync"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/socketstream"
)

func relay() (all []Row) {
	for _, size := range []int{1 << 10, 64 << 10, 1 << 20} {
		all = append(all, Row{
			Name:  "relay: TCP to TCP, sends of " + bytesName(size),
			Goals: []Goal{{Peer: "two io.Copy", Most: 1.03}, {Peer: "two io.Copy", Most: 1.03, By: CPU}},
			Subjects: []Subject{
				{Name: "abc.Relay", Setup: relayed(size, abcRelay)},
				{Name: "two io.Copy", Setup: relayed(size, twoCopies)},
			},
		})
	}
	return all
}

// relayed sends through a relay that carries bytes both ways between a and b.
func relayed(size int, relay func(a, b net.Conn)) setup {
	return func() (func(int), func()) {
		from, a := tcpPair()
		b, to := tcpPair()
		var done sync.WaitGroup
		done.Go(func() { relay(a, b) })
		p := make([]byte, size)
		send := func() error { _, err := from.Write(p); return err }
		run, cleanup := oneWay(send, end{receive: to.Read, close: func() { to.Close() }}, size, 64<<10, func() { from.Close() })
		return run, func() { cleanup(); done.Wait(); a.Close(); b.Close() }
	}
}

func abcRelay(a, b net.Conn) { abc.Relay(bg, socketstream.New(a), socketstream.New(b)) }

func twoCopies(a, b net.Conn) {
	var both sync.WaitGroup
	oneWay := func(dst, src net.Conn) {
		io.Copy(dst, src)
		dst.(*net.TCPConn).CloseWrite()
	}
	both.Go(func() { oneWay(a, b) })
	both.Go(func() { oneWay(b, a) })
	both.Wait()
}

func bytesName(n int) string {
	switch {
	case n >= 1<<20:
		return fmt.Sprintf("%d MiB", n>>20)
	case n >= 1<<10:
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return fmt.Sprintf("%d B", n)
}
