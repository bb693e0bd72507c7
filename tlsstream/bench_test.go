package tlsstream_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/internal/selfsigned"
	"github.com/tributary-go/tributary/socketstream"
	"github.com/tributary-go/tributary/tlsstream"
)

// One direction over TCP, beside crypto/tls over the same kind of connection.
// size=1 is there and back.
func BenchmarkOverTCP(b *testing.B) {
	for _, size := range []int{1, 16 << 10, 64 << 10, 1 << 20} {
		b.Run(fmt.Sprintf("size=%d/peer=crypto-tls", size), func(b *testing.B) {
			x, y := socketPair(b, "tcp")
			client, server := tls.Client(x, selfsigned.Client(0)), tls.Server(y, selfsigned.Server(0))
			done := make(chan struct{})
			go func() {
				defer close(done)
				p := make([]byte, 64<<10)
				for {
					n, err := server.Read(p)
					if err != nil {
						return
					}
					if size == 1 {
						server.Write(p[:n])
					}
				}
			}()
			p := make([]byte, size)
			require.NoError(b, client.Handshake())
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				client.Write(p)
				if size == 1 {
					client.Read(p)
				}
			}
			client.Close()
			<-done
		})
		b.Run(fmt.Sprintf("size=%d/tlsstream", size), func(b *testing.B) {
			ctx := context.Background()
			x, y := socketPair(b, "tcp")
			client, server := over(b, socketstream.New(x), socketstream.New(y), 0, nil)
			done := make(chan struct{})
			go func() {
				defer close(done)
				for p, err := range abc.Chunks(ctx, server, make([]byte, 64<<10)) {
					if err != nil {
						return
					}
					if size == 1 {
						server.SendAll(ctx, p)
					}
				}
			}()
			p := make([]byte, size)
			require.NoError(b, client.Handshake(ctx))
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				client.SendAll(ctx, p)
				if size == 1 {
					client.ReceiveSome(ctx, p)
				}
			}
			client.Close(ctx)
			<-done
		})
	}
}

// A handshake over TCP, the connections being there already.
func BenchmarkHandshake(b *testing.B) {
	b.Run("peer=crypto-tls", func(b *testing.B) {
		clientCfg, serverCfg := selfsigned.Client(0), selfsigned.Server(0)
		for b.Loop() {
			b.StopTimer()
			x, y := socketPair(b, "tcp")
			b.StartTimer()
			client, server := tls.Client(x, clientCfg), tls.Server(y, serverCfg)
			done := make(chan struct{})
			go func() { server.Handshake(); close(done) }()
			client.Handshake()
			<-done
			b.StopTimer()
			x.Close()
			y.Close()
			b.StartTimer()
		}
	})
	b.Run("tlsstream", func(b *testing.B) {
		ctx := context.Background()
		clientCfg, serverCfg := selfsigned.Client(0), selfsigned.Server(0)
		for b.Loop() {
			b.StopTimer()
			x, y := socketPair(b, "tcp")
			b.StartTimer()
			client := tlsstream.Client(socketstream.New(x), clientCfg, nil)
			server := tlsstream.Server(socketstream.New(y), serverCfg, nil)
			done := make(chan struct{})
			go func() { server.Handshake(ctx); close(done) }()
			client.Handshake(ctx)
			<-done
			b.StopTimer()
			client.Close(ctx)
			server.Close(ctx)
			b.StartTimer()
		}
	})
}
