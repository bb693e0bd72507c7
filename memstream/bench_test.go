package memstream_test

import (
	"context"
	"fmt"
	"net"
	"testing"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/memstream"
)

// One byte there and back, beside the same over an unbuffered Go channel and
// over net.Pipe.
func BenchmarkPingPong(b *testing.B) {
	b.Run("peer=channel", func(b *testing.B) {
		ping, pong := make(chan byte), make(chan byte)
		go func() {
			for x := range ping {
				pong <- x
			}
		}()
		b.ReportAllocs()
		for b.Loop() {
			ping <- 1
			<-pong
		}
		close(ping)
	})
	b.Run("peer=net.Pipe", func(b *testing.B) {
		x, y := net.Pipe()
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
	for _, mode := range []string{"background", "reused"} {
		b.Run("memstream/ctx="+mode, func(b *testing.B) {
			ctx := context.Background()
			if mode == "reused" {
				var cancel context.CancelFunc
				ctx, cancel = context.WithCancel(ctx)
				defer cancel()
			}
			x, y := memstream.Pair(nil)
			go func() {
				p := make([]byte, 1)
				for {
					if _, err := y.ReceiveSome(ctx, p); err != nil {
						return
					}
					y.SendAll(ctx, p)
				}
			}()
			p := make([]byte, 1)
			b.ReportAllocs()
			for b.Loop() {
				if x.SendAll(ctx, p) != nil {
					b.Fatal("send")
				}
				x.ReceiveSome(ctx, p)
			}
			x.Close(ctx)
		})
	}
}

// One direction, the receiver with a buffer of 64 KiB, beside net.Pipe.
func BenchmarkBulk(b *testing.B) {
	for _, size := range []int{64, 4 << 10, 64 << 10, 1 << 20} {
		b.Run(fmt.Sprintf("size=%d/peer=net.Pipe", size), func(b *testing.B) {
			x, y := net.Pipe()
			done := make(chan struct{})
			go func() {
				defer close(done)
				p := make([]byte, 64<<10)
				for {
					if _, err := y.Read(p); err != nil {
						return
					}
				}
			}()
			p := make([]byte, size)
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				x.Write(p)
			}
			x.Close()
			<-done
		})
		b.Run(fmt.Sprintf("size=%d/memstream", size), func(b *testing.B) {
			ctx := context.Background()
			x, y := memstream.Pair(nil)
			done := make(chan struct{})
			go func() {
				defer close(done)
				p := make([]byte, 64<<10)
				for range abc.Chunks(ctx, y, p) {
				}
			}()
			p := make([]byte, size)
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				x.SendAll(ctx, p)
			}
			x.Close(ctx)
			<-done
		})
	}
}
