package trace_test

import (
	"context"
	"fmt"
	"io"
	"testing"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/abc/trace"
	"github.com/tributary-go/tributary/memstream"
)

// benchmarks are the ways to record, "bare" for none at all.
var benchmarks = []struct {
	name string
	opts func() *trace.Options
}{
	{"bare", func() *trace.Options { return nil }},
	{"pcapng", func() *trace.Options { return &trace.Options{Pcapng: io.Discard} }},
	{"timeline", func() *trace.Options { return &trace.Options{Timeline: io.Discard} }},
	{"both", func() *trace.Options { return &trace.Options{Pcapng: io.Discard, Timeline: io.Discard} }},
}

// A send and the receive of it, one after the other, by one goroutine. Only one
// end is recorded.
func BenchmarkSendAndReceive(b *testing.B) {
	for _, size := range []int{16, 4 << 10, 64 << 10} {
		for _, bench := range benchmarks {
			b.Run(fmt.Sprintf("size=%d/%s", size, bench.name), func(b *testing.B) {
				ctx := context.Background()
				rec := trace.New(bench.opts())
				x, y := memstream.Pair(nil)
				s := rec.Stream("s", x)
				p, q := make([]byte, size), make([]byte, size)
				b.SetBytes(int64(size))
				b.ReportAllocs()
				for b.Loop() {
					if s.SendAll(ctx, p) != nil {
						b.Fatal("SendAll")
					}
					for n := 0; n < size; {
						k, err := y.ReceiveSome(ctx, q)
						if err != nil {
							b.Fatal(err)
						}
						n += k
					}
				}
				b.ReportMetric(float64(rec.Dropped())/float64(b.N), "dropped/op")
				closeAll(b, rec, s, y)
			})
		}
	}
}

// A byte there and back over TCP, between two goroutines.
func BenchmarkPingPong(b *testing.B) {
	for _, bench := range benchmarks {
		b.Run(bench.name, func(b *testing.B) {
			ctx := context.Background()
			rec := trace.New(bench.opts())
			x, y := tcpPair(b)
			s := rec.Stream("s", x)
			done := make(chan struct{})
			go func() {
				defer close(done)
				_, _ = abc.Copy(ctx, y, y)
			}()
			p := make([]byte, 1)
			b.ReportAllocs()
			for b.Loop() {
				if s.SendAll(ctx, p) != nil {
					b.Fatal("SendAll")
				}
				if _, err := s.ReceiveSome(ctx, p); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(rec.Dropped())/float64(b.N), "dropped/op")
			closeAll(b, rec, s)
			<-done
			closeAll(b, nil, y)
		})
	}
}

func closeAll(b *testing.B, rec *trace.Recorder, streams ...abc.Stream) {
	for _, s := range streams {
		if err := s.Close(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
	if err := rec.Close(context.Background()); err != nil {
		b.Fatal(err)
	}
}
