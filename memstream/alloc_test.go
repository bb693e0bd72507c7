//go:build !race

package memstream_test

import (
	"context"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/memstream"
)

func TestOperationsDoNotAllocate(t *testing.T) {
	reused, cancel := context.WithCancel(bg)
	defer cancel()
	for mode, ctx := range map[string]context.Context{"background": bg, "reused": reused} {
		t.Run(mode+"/not blocking", func(t *testing.T) {
			for _, size := range []int{1, 4096, 64 << 10} {
				a, b := memstream.Pair(nil)
				p := make([]byte, size)
				bufs := [][]byte{p[:1], p[1:]}
				require.Zero(t, testing.AllocsPerRun(1000, func() {
					if a.SendAll(ctx, p) != nil {
						panic("send")
					}
					if _, err := b.ReceiveSome(ctx, p); err != nil {
						panic(err)
					}
					if a.WaitSendable(ctx) != nil || a.SendVector(ctx, bufs) != nil {
						panic("send vector")
					}
					if _, err := b.ReceiveSome(ctx, p); err != nil {
						panic(err)
					}
				}), size)
			}
		})
		for _, capacity := range []int{0, memstream.Lockstep} {
			t.Run(mode+"/blocking", func(t *testing.T) {
				a, b := memstream.Pair(&memstream.Options{Capacity: capacity})
				go func() {
					p := make([]byte, 100)
					for {
						n, err := b.ReceiveSome(ctx, p)
						if err != nil || b.SendAll(ctx, p[:n]) != nil {
							return
						}
					}
				}()
				p := make([]byte, 1)
				require.Zero(t, testing.AllocsPerRun(1000, func() {
					if a.SendAll(ctx, p) != nil {
						panic("send")
					}
					if _, err := a.ReceiveSome(ctx, p); err != nil {
						panic(err)
					}
				}))
				require.NoError(t, a.Close(bg))
			})
		}
	}
}

func TestMemoryOfAPair(t *testing.T) {
	const pairs = 4000
	big := make([]byte, 1<<20)
	use := func(a, b *memstream.Stream, n int) {
		sent := make(chan error, 1)
		go func() { sent <- a.SendAll(bg, big[:n]) }()
		buf := make([]byte, n)
		for got := 0; got < n; {
			k, err := b.ReceiveSome(bg, buf)
			require.NoError(t, err)
			got += k
		}
		require.NoError(t, <-sent)
	}
	for name, test := range map[string]struct {
		use, pairs, most int
	}{
		"idle":             {0, pairs, 448},
		"after small use":  {100, pairs, 1 << 10},
		"after medium use": {4000, pairs, 1 << 10},
		"after large use":  {1 << 20, 100, 2 << 10},
	} {
		t.Run(name, func(t *testing.T) {
			keep := make([]*memstream.Stream, 0, 2*test.pairs)
			before := heap()
			for range test.pairs {
				a, b := memstream.Pair(&memstream.Options{Capacity: memstream.Unbounded})
				if test.use > 0 {
					use(a, b, test.use)
				}
				keep = append(keep, a, b)
			}
			each := (heap() - before) / test.pairs
			t.Logf("%d bytes a pair", each)
			require.LessOrEqual(t, each, test.most)
			runtime.KeepAlive(keep)
		})
	}
}

// heap returns how many bytes are in use, after the pools were emptied.
func heap() int {
	for range 3 {
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}
