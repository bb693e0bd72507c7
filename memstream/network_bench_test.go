package memstream_test

import (
	"net"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/memstream"
)

// 100,000 idle connections: heap bytes and goroutines of each.
func BenchmarkIdle100k(b *testing.B) {
	const conns = 100_000
	measure := func(b *testing.B, mk func() (x, y any)) {
		for b.Loop() {
			keep := make([]any, 0, 2*conns)
			var before, after runtime.MemStats
			runtime.GC()
			goroutines := runtime.NumGoroutine()
			runtime.ReadMemStats(&before)
			for range conns {
				x, y := mk()
				keep = append(keep, x, y)
			}
			runtime.GC()
			runtime.ReadMemStats(&after)
			b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/conns, "B/conn")
			b.ReportMetric(float64(runtime.NumGoroutine()-goroutines)/conns, "goroutines/conn")
			runtime.KeepAlive(keep)
		}
	}
	b.Run("peer=net.Pipe", func(b *testing.B) { measure(b, func() (x, y any) { return net.Pipe() }) })
	b.Run("memstream.Pair", func(b *testing.B) { measure(b, func() (x, y any) { return memstream.Pair(nil) }) })
	b.Run("memstream.Network", func(b *testing.B) {
		n := memstream.NewNetwork(nil)
		server := n.Host("server")
		l, err := server.Listen(bg, ":80", nil)
		require.NoError(b, err)
		defer l.Close(bg)
		made := 0
		var client *memstream.Host
		measure(b, func() (x, y any) {
			if made%10_000 == 0 { // a host has 16,384 ports
				client = n.Host("client" + string(rune('a'+made/10_000)))
			}
			made++
			c, err := client.Dial(bg, "server:80")
			require.NoError(b, err)
			s, err := l.Accept(bg)
			require.NoError(b, err)
			return c, s
		})
	})
}

// One byte there and back, over an ideal link, beside a Pair (BenchmarkPingPong).
func BenchmarkNetworkPingPong(b *testing.B) {
	x, y := connectedPair(b, memstream.Link{})
	go func() {
		for p := make([]byte, 1); ; {
			if _, err := y.ReceiveSome(bg, p); err != nil {
				return
			}
			y.SendAll(bg, p)
		}
	}()
	p := make([]byte, 1)
	b.ReportAllocs()
	for b.Loop() {
		if x.SendAll(bg, p) != nil {
			b.Fatal("send")
		}
		x.ReceiveSome(bg, p)
	}
	x.Close(bg)
}

// One direction in pieces of 64 KiB.
func BenchmarkNetworkBulk(b *testing.B) {
	for name, link := range map[string]memstream.Link{"ideal": {}, "segments": {Bandwidth: 1 << 40}} {
		b.Run(name, func(b *testing.B) {
			x, y := connectedPair(b, link)
			done := make(chan struct{})
			go func() {
				defer close(done)
				for p := make([]byte, 64<<10); ; {
					if _, err := y.ReceiveSome(bg, p); err != nil {
						return
					}
				}
			}()
			p := make([]byte, 64<<10)
			b.SetBytes(int64(len(p)))
			b.ReportAllocs()
			for b.Loop() {
				x.SendAll(bg, p)
			}
			x.Close(bg)
			<-done
		})
	}
}
