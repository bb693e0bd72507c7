package interop

import (
	"net"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/test/bufconn"

	"github.com/tributary-go/tributary/memstream"
)

// Bytes on the heap of an idle connection in memory, both ends.
func BenchmarkIdleInMemory(b *testing.B) {
	const pairs = 1000
	measure := func(b *testing.B, mk func() [2]any) {
		for b.Loop() {
			var before, after runtime.MemStats
			keep := make([][2]any, pairs)
			runtime.GC()
			runtime.ReadMemStats(&before)
			for i := range keep {
				keep[i] = mk()
			}
			runtime.GC()
			runtime.ReadMemStats(&after)
			b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/pairs, "B/pair")
			runtime.KeepAlive(keep)
		}
	}
	b.Run("peer=bufconn", func(b *testing.B) {
		l := bufconn.Listen(64 << 10)
		defer l.Close()
		accepted := make(chan net.Conn)
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				accepted <- c
			}
		}()
		measure(b, func() [2]any {
			client, err := l.Dial()
			require.NoError(b, err)
			return [2]any{client, <-accepted}
		})
	})
	b.Run("peer=net.Pipe", func(b *testing.B) {
		measure(b, func() [2]any { x, y := net.Pipe(); return [2]any{x, y} })
	})
	b.Run("memstream", func(b *testing.B) {
		measure(b, func() [2]any { x, y := memstream.Pair(nil); return [2]any{x, y} })
	})
}
