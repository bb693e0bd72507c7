package main

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"time"

	"google.golang.org/grpc/test/bufconn"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/memstream"
	"github.com/tributary-go/tributary/socketstream"
)

var bg = context.Background()

// An end is one end of a connection, whatever that is made of.
type end struct {
	send    func(p []byte) error
	receive func(p []byte) (int, error)
	close   func()
}

// A dialer makes both ends of a connection.
type dialer func() (a, b end)

// conns makes ends of the connections that dial makes.
func conns(dial func() (a, b net.Conn)) dialer {
	of := func(c net.Conn) end {
		send := func(p []byte) error { _, err := c.Write(p); return err }
		return end{send, c.Read, func() { c.Close() }}
	}
	return func() (end, end) { a, b := dial(); return of(a), of(b) }
}

// streams makes ends of the streams that dial makes, with one ctx for every
// call.
func streams[S abc.Stream](ctx context.Context, dial func() (a, b S)) dialer {
	of := func(s S) end {
		send := func(p []byte) error { return s.SendAll(ctx, p) }
		receive := func(p []byte) (int, error) { return s.ReceiveSome(ctx, p) }
		return end{send, receive, func() { closeutil.CloseForcefully(s) }}
	}
	return func() (end, end) { a, b := dial(); return of(a), of(b) }
}

// freshConns makes a context for each call, and does not use it.
func freshConns(dial func() (a, b net.Conn)) dialer {
	return freshEnds(dial, func(_ context.Context, c net.Conn, p []byte) (int, error) { return c.Read(p) })
}

// toldConns makes a context for each call, and registers with that of a receive.
// Where receives block and sends do not, this is the least that heeding a context
// costs.
func toldConns(dial func() (a, b net.Conn)) dialer {
	ignore := func() {}
	return freshEnds(dial, func(ctx context.Context, c net.Conn, p []byte) (int, error) {
		defer context.AfterFunc(ctx, ignore)()
		return c.Read(p)
	})
}

func freshEnds(dial func() (a, b net.Conn), read func(ctx context.Context, c net.Conn, p []byte) (int, error)) dialer {
	return fresh(func() (x, y ctxEnd) {
		of := func(c net.Conn) ctxEnd {
			send := func(_ context.Context, p []byte) error { _, err := c.Write(p); return err }
			receive := func(ctx context.Context, p []byte) (int, error) { return read(ctx, c, p) }
			return ctxEnd{send, receive, func() { c.Close() }}
		}
		a, b := dial()
		return of(a), of(b)
	})
}

// freshStreams makes a context for each call.
func freshStreams[S abc.Stream](dial func() (a, b S)) dialer {
	return fresh(func() (x, y ctxEnd) {
		of := func(s S) ctxEnd { return ctxEnd{s.SendAll, s.ReceiveSome, func() { closeutil.CloseForcefully(s) }} }
		a, b := dial()
		return of(a), of(b)
	})
}

type ctxEnd struct {
	send    func(ctx context.Context, p []byte) error
	receive func(ctx context.Context, p []byte) (int, error)
	close   func()
}

func fresh(dial func() (a, b ctxEnd)) dialer {
	of := func(e ctxEnd) end {
		return end{
			func(p []byte) error {
				ctx, cancel := context.WithTimeout(bg, time.Hour)
				defer cancel()
				return e.send(ctx, p)
			},
			func(p []byte) (int, error) {
				ctx, cancel := context.WithTimeout(bg, time.Hour)
				defer cancel()
				return e.receive(ctx, p)
			},
			e.close,
		}
	}
	return func() (end, end) { a, b := dial(); return of(a), of(b) }
}

// reused returns one context for every call, which could end but does not.
func reused() context.Context {
	ctx, cancel := context.WithCancel(bg)
	_ = cancel // it lives as long as the subject
	return ctx
}

func memoryPair() (a, b *memstream.Stream) { return memstream.Pair(nil) }

// bufconnPair has the buffer of a memstream.
func bufconnPair() (a, b net.Conn) {
	l := bufconn.Listen(64 << 10)
	defer l.Close()
	return accepted(l, l.Dial)
}

func tcpPair() (a, b net.Conn) {
	l := must(net.Listen("tcp", "127.0.0.1:0"))
	defer l.Close()
	return accepted(l, func() (net.Conn, error) { return net.Dial("tcp", l.Addr().String()) })
}

func unixPair() (a, b net.Conn) {
	l, remove := listenUnix()
	defer remove()
	return accepted(l, func() (net.Conn, error) { return net.Dial("unix", l.Addr().String()) })
}

func listenUnix() (l net.Listener, remove func()) {
	dir := must(os.MkdirTemp("", "bench"))
	l = must(net.Listen("unix", filepath.Join(dir, "s")))
	return l, func() { l.Close(); os.RemoveAll(dir) }
}

func accepted(l net.Listener, dial func() (net.Conn, error)) (a, b net.Conn) {
	conns := make(chan net.Conn)
	go func() { conns <- must(l.Accept()) }()
	a = must(dial())
	return a, <-conns
}

// socketPair makes streams of the connections that dial makes.
func socketPair(dial func() (a, b net.Conn)) func() (a, b *socketstream.Stream) {
	return func() (x, y *socketstream.Stream) {
		a, b := dial()
		return socketstream.New(a), socketstream.New(b)
	}
}
