package main

import (
	"context"
	"crypto/tls"
	"net"
	"sync"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/internal/selfsigned"
	"github.com/tributary-go/tributary/tlsstream"
)

func tlsRows() []Row {
	overTCP := func(ctx context.Context) dialer { return streams(ctx, tlsStreams(socketPair(tcpPair))) }
	cryptoTCP := conns(tlsConns(tcpPair))
	over := func(name string, most float64, do func(dialer) setup) Row {
		return Row{Name: "TLS: " + name, Goals: []Goal{{Peer: "crypto/tls", Most: most}}, Subjects: []Subject{
			{Name: "background", Setup: do(overTCP(bg))},
			{Name: "reused ctx", Setup: do(overTCP(reused()))},
			{Name: "crypto/tls", Setup: do(cryptoTCP)},
		}}
	}
	inPieces := func(size int) func(dialer) setup {
		return func(d dialer) setup { return bulk(d, size, 64<<10) }
	}
	return []Row{
		over("1 B there and back over TCP", 1.03, func(d dialer) setup { return pingPong(d, 1) }),
		over("a TCP connection and a handshake", 1.03, handshakes),
		over("sends of 64 KiB over TCP", 0.75, inPieces(64<<10)),
		over("sends of 1 MiB over TCP", 0.60, inPieces(1<<20)),
		{
			Name:  "TLS: sends of 64 KiB over memory",
			Goals: []Goal{{Peer: "crypto/tls on net.Pipe", Most: 0.9}, {Peer: "crypto/tls on bufconn", Most: 0.9}},
			Subjects: []Subject{
				{Name: "background", Setup: bulk(streams(bg, tlsStreams(memoryPair)), 64<<10, 64<<10)},
				{Name: "reused ctx", Setup: bulk(streams(reused(), tlsStreams(memoryPair)), 64<<10, 64<<10)},
				{Name: "crypto/tls on net.Pipe", Setup: bulk(conns(tlsConns(net.Pipe)), 64<<10, 64<<10)},
				{Name: "crypto/tls on bufconn", Setup: bulk(conns(tlsConns(bufconnPair)), 64<<10, 64<<10)},
			},
		},
	}
}

// handshakes makes a connection and ends it.
func handshakes(dial dialer) setup {
	return func() (func(int), func()) {
		run := func(n int) {
			for range n {
				a, b := dial()
				a.close()
				b.close()
			}
		}
		return run, func() {}
	}
}

func tlsStreams[S abc.Stream](dial func() (a, b S)) func() (client, server *tlsstream.Stream) {
	return func() (client, server *tlsstream.Stream) {
		a, b := dial()
		client = tlsstream.Client(a, selfsigned.Client(0), nil)
		server = tlsstream.Server(b, serverConfig(), nil)
		both(func() error { return client.Handshake(bg) }, func() error { return server.Handshake(bg) })
		return client, server
	}
}

func tlsConns(dial func() (a, b net.Conn)) func() (client, server net.Conn) {
	return func() (net.Conn, net.Conn) {
		a, b := dial()
		client, server := tls.Client(a, selfsigned.Client(0)), tls.Server(b, serverConfig())
		both(client.Handshake, server.Handshake)
		return abrupt{client}, abrupt{server}
	}
}

// An abrupt connection closes without a word, which could block.
type abrupt struct{ *tls.Conn }

func (c abrupt) Close() error { return c.NetConn().Close() }

// serverConfig gives no tickets: over net.Pipe they wait for a client that reads.
func serverConfig() *tls.Config {
	cfg := selfsigned.Server(0)
	cfg.SessionTicketsDisabled = true
	return cfg
}

func both(f, g func() error) {
	var other sync.WaitGroup
	other.Go(func() { check(f()) })
	check(g())
	other.Wait()
}
