package listener_test

import (
	"context"
	"net"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/listener"
	"github.com/tributary-go/tributary/memstream"
)

// BenchmarkServe measures connections: one is made, greeted with a byte and
// closed. "plain" is the loop over a net.Listener that everybody writes.
func BenchmarkServe(b *testing.B) {
	listen := func(b *testing.B) net.Listener {
		ln, err := net.Listen("unix", filepath.Join(b.TempDir(), "s"))
		require.NoError(b, err)
		return ln
	}
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
		ln := listen(b)
		defer ln.Close()
		go func() {
			for {
				c, err := ln.Accept()
				if err != nil {
					return
				}
				go func() {
					_, _ = c.Write([]byte("x"))
					_ = c.Close()
				}()
			}
		}()
		connect(b, ln.Addr())
	})
	for name, opts := range map[string]*listener.Options{"FromNet": nil, "FromNet/MaxConns": {MaxConns: 100}} {
		b.Run(name, func(b *testing.B) {
			l := listener.FromNet(listen(b), opts)
			serve(b, l)
			connect(b, l.Addr())
		})
	}
	b.Run("memstream", func(b *testing.B) {
		l := memstream.NewListener(nil)
		serve(b, l)
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

// serve serves l until b ends.
func serve(b *testing.B, l abc.Listener) {
	served := make(chan error, 1)
	go func() {
		served <- l.Serve(context.Background(), func(ctx context.Context, s abc.Stream) {
			_ = s.SendAll(ctx, []byte("x"))
		})
	}()
	b.Cleanup(func() {
		require.NoError(b, l.Close(context.Background()))
		<-served
	})
}
