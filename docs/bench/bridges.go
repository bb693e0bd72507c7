package main

import (
	"io"
	"net"
	"sync"

	"github.com/tributary-go/tributary/bridge"
)

func bridges() []Row {
	bridged := func() (a, b net.Conn) {
		x, y := socketPair(tcpPair)()
		return bridge.Conn(x), bridge.Conn(y)
	}
	row := func(name string, do func(dial func() (a, b net.Conn)) setup) Row {
		return Row{Name: "bridge: " + name, Goals: []Goal{{Peer: "net.Conn", Most: 1.05}}, Subjects: []Subject{
			{Name: "bridge.Conn", Setup: do(bridged)},
			{Name: "net.Conn", Setup: do(tcpPair)},
		}}
	}
	return []Row{
		row("1 B there and back over TCP", func(dial func() (a, b net.Conn)) setup {
			return pingPong(conns(dial), 1)
		}),
		row("io.Copy, TCP to TCP, writes of 64 KiB", copied),
	}
}

func copied(dial func() (a, b net.Conn)) setup {
	return func() (func(int), func()) {
		from, in := dial()
		out, to := dial()
		var done sync.WaitGroup
		done.Go(func() { io.Copy(out, in) })
		p := make([]byte, 64<<10)
		send := func() error { _, err := from.Write(p); return err }
		run, cleanup := oneWay(send, end{receive: to.Read, close: func() { to.Close() }}, len(p), len(p), func() { from.Close() })
		return run, func() { cleanup(); done.Wait(); in.Close(); out.Close() }
	}
}
