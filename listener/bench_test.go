package listener_test

import (
	"context"
	"net"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/listener"
	"github.com/tributary-go/tributary/memstream"
)

// plainAccept is the loop over a net.Listener that everybody writes. It ends
// when ln is closed.
func plainAccept(ln net.Listener, handle func(net.Conn)) {
	for {
		c, err := ln.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			handle(c)
		}()
	}
}

func listenUnix(b *testing.B) net.Listener {
	ln, err := net.Listen("unix", filepath.Join(b.TempDir(), "s"))
	require.NoError(b, err)
	return ln
}

// BenchmarkServe measures connections: one is made, greeted with a byte and
// closed. The client's half of that is the same in all, and most of it.
func BenchmarkServe(b *testing.B) {
	connect := func(b *testing.B, addr net.Addr) {
		b.ReportAllocs()
		buf := make([]byte, 2)
		for b.Loop() {
			c, err := net.Dial(addr.Network(), addr.String())
			if err != nil {
				b.Fatal(err)
			}
			if _, err := c.Read(buf); err != nil {
				b.Fatal(err)
			}
			_ = c.Close()
		}
	}
	b.Run("plain", func(b *testing.B) {
		ln := listenUnix(b)
		defer ln.Close()
		go plainAccept(ln, func(c net.Conn) { _, _ = c.Write([]byte("x")) })
		connect(b, ln.Addr())
	})
	for name, opts := range map[string]*listener.Options{"FromNet": nil, "FromNet/MaxConns": {MaxConns: 100}} {
		b.Run(name, func(b *testing.B) {
			l := listener.FromNet(listenUnix(b), opts)
			serve(b, l, greetWithAByte)
			connect(b, l.Addr())
		})
	}
	b.Run("FromNet/Prepare", func(b *testing.B) {
		l := listener.FromNet(listenUnix(b), nil)
		asItIs := func(_ context.Context, s abc.Stream) (abc.Stream, error) { return s, nil }
		serve(b, listener.Prepare(l, asItIs, nil), greetWithAByte)
		connect(b, l.Addr())
	})
	b.Run("memstream", func(b *testing.B) {
		l := memstream.NewListener(nil)
		serve(b, l, greetWithAByte)
		b.ReportAllocs()
		buf := make([]byte, 2)
		ctx := b.Context()
		for b.Loop() {
			c, err := l.Dial(ctx)
			if err != nil {
				b.Fatal(err)
			}
			if _, err := c.ReceiveSome(ctx, buf); err != nil {
				b.Fatal(err)
			}
			_ = c.Close(ctx)
		}
	})
}

func greetWithAByte(ctx context.Context, s abc.Stream) { _ = s.SendAll(ctx, []byte("x")) }

// serve serves l until b ends.
func serve(b *testing.B, l abc.Listener, h abc.Handler) {
	served := make(chan error, 1)
	go func() { served <- l.Serve(context.Background(), h) }()
	b.Cleanup(func() {
		require.NoError(b, l.Close(context.Background()))
		<-served
	})
}

// BenchmarkConnection measures what a connection occupies that is served and
// has nothing to do, the client's end included: heap and stacks, in bytes.
func BenchmarkConnection(b *testing.B) {
	const n = 500
	used := func() int64 {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc + m.StackInuse)
	}
	measure := func(b *testing.B, addr net.Addr, served <-chan struct{}) {
		var total, rounds int64
		for b.Loop() {
			before := used()
			var clients [n]net.Conn
			for i := range clients {
				c, err := net.Dial(addr.Network(), addr.String())
				if err != nil {
					b.Fatal(err)
				}
				clients[i] = c
				<-served
			}
			total += used() - before
			rounds++
			for _, c := range clients {
				_ = c.Close()
				<-served
			}
		}
		b.ReportMetric(float64(total)/float64(rounds*n), "B/conn")
	}
	b.Run("plain", func(b *testing.B) {
		ln := listenUnix(b)
		defer ln.Close()
		served := make(chan struct{})
		go plainAccept(ln, func(c net.Conn) {
			served <- struct{}{}
			_, _ = c.Read(make([]byte, 1))
			served <- struct{}{}
		})
		measure(b, ln.Addr(), served)
	})
	b.Run("FromNet", func(b *testing.B) {
		l := listener.FromNet(listenUnix(b), nil)
		served := make(chan struct{})
		serve(b, l, func(ctx context.Context, s abc.Stream) {
			served <- struct{}{}
			_, _ = s.ReceiveSome(ctx, make([]byte, 1))
			served <- struct{}{}
		})
		measure(b, l.Addr(), served)
	})
}
