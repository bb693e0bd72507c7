package socketstream_test

import (
	"context"
	"testing"
)

// One byte there and back, beside the same over the connection itself.
func BenchmarkPingPong(b *testing.B) {
	for _, network := range []string{"tcp", "unix"} {
		b.Run(network+"/peer=net.Conn", func(b *testing.B) {
			x, y := netPair(b, network)
			go func() {
				p := make([]byte, 1)
				for {
					if _, err := y.Read(p); err != nil {
						return
					}
					y.Write(p)
				}
			}()
			p := make([]byte, 1)
			b.ReportAllocs()
			for b.Loop() {
				x.Write(p)
				x.Read(p)
			}
			x.Close()
		})
		for _, mode := range []string{"background", "reused", "fresh"} {
			b.Run(network+"/socketstream/ctx="+mode, func(b *testing.B) {
				fixed := context.Background()
				if mode == "reused" {
					var cancel context.CancelFunc
					fixed, cancel = context.WithCancel(fixed)
					defer cancel()
				}
				ctxOf := func() (context.Context, context.CancelFunc) {
					if mode == "fresh" {
						return context.WithCancel(fixed)
					}
					return fixed, func() {}
				}
				x, y := pair(b, network)
				go func() {
					p := make([]byte, 1)
					for {
						ctx, cancel := ctxOf()
						if _, err := y.ReceiveSome(ctx, p); err != nil {
							cancel()
							return
						}
						y.SendAll(ctx, p)
						cancel()
					}
				}()
				p := make([]byte, 1)
				b.ReportAllocs()
				for b.Loop() {
					ctx, cancel := ctxOf()
					x.SendAll(ctx, p)
					x.ReceiveSome(ctx, p)
					cancel()
				}
				x.Close(fixed)
			})
		}
	}
}
