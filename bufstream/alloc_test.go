//go:build !race

package bufstream_test

import (
	"bytes"
	"context"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/bufstream"
)

func TestReceivingDoesNotAllocate(t *testing.T) {
	reused, cancel := context.WithCancel(bg)
	defer cancel()
	for mode, ctx := range map[string]context.Context{"background": bg, "reused": reused} {
		for _, size := range []int{20, 200, 20_000} {
			r := bufstream.NewReceiver(&loop{p: linesOf(size)}, nil)
			p := make([]byte, size)
			require.Zero(t, testing.AllocsPerRun(1000, func() {
				if r.ReceiveExactly(ctx, p) != nil {
					panic("ReceiveExactly")
				}
				if line, err := r.ReceiveLine(ctx); err != nil || len(line) != size-1 {
					panic("ReceiveLine")
				}
				if item, err := r.ReceiveUntil(ctx, []byte("x\n")); err != nil || len(item) != size-2 {
					panic("ReceiveUntil")
				}
				if line, err := r.Peek(ctx, size); err != nil || r.Unread(line[:0]) != nil {
					panic("Peek")
				}
				if _, err := r.Discard(ctx, size); err != nil {
					panic("Discard")
				}
			}), "%s %d", mode, size)
			lines := 0
			for line, err := range r.Lines(ctx) { // until it has what it needs
				if lines++; err != nil || len(line) != size-1 || lines == 1000 {
					break
				}
			}
			count := 0
			before := mallocs()
			for line, err := range r.Lines(ctx) {
				if count++; err != nil || len(line) != size-1 || count == 10_000 {
					break
				}
			}
			require.Equal(t, 10_000, count)
			require.Less(t, mallocs()-before, uint64(20), "%s: for 10,000 lines", mode)
		}
	}
}

func TestSendingDoesNotAllocate(t *testing.T) {
	s := bufstream.NewSender(drop{}, nil)
	small, large := make([]byte, 100), make([]byte, 20_000)
	bufs := [][]byte{small, large}
	require.Zero(t, testing.AllocsPerRun(1000, func() {
		if s.SendAll(bg, small) != nil || s.SendAll(bg, large) != nil || s.SendAll(bg, small) != nil || s.SendVector(bg, bufs) != nil || s.Flush(bg) != nil {
			panic("send")
		}
	}))
}

// What a receiver and a sender keep when 1 MiB has gone through.
func TestMemoryAfterABurst(t *testing.T) {
	const receivers = 100
	line := append(bytes.Repeat([]byte("x"), 1<<20-1), "\nand on\n"...)
	var keep []any
	before := heap()
	for range receivers {
		r := bufstream.NewReceiver(&burst{line}, nil)
		for range 2 {
			_, err := r.ReceiveLine(bg)
			require.NoError(t, err)
		}
		_, err := r.ReceiveLine(bg) // now it waits
		require.Error(t, err)
		s := bufstream.NewSender(drop{}, nil)
		require.NoError(t, s.SendAll(bg, line[:10_000]))
		require.NoError(t, s.SendAll(bg, line))
		keep = append(keep, r, s)
	}
	each := int(heap()-before) / receivers
	t.Logf("%d bytes each", each)
	require.Less(t, each, 20<<10)
	runtime.KeepAlive(keep)
}

// A burst brings p, and then nothing until the context is done.
type burst struct{ p []byte }

func (b *burst) ReceiveSome(_ context.Context, p []byte) (int, error) {
	if len(b.p) == 0 {
		return 0, &abc.OpError{Op: "receive", Transport: "burst", Err: context.Canceled}
	}
	n := copy(p, b.p)
	b.p = b.p[n:]
	return n, nil
}

func (b *burst) Close(context.Context) error { return nil }

func mallocs() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.Mallocs
}

// heap returns how many bytes are in use, after the pools were emptied.
func heap() uint64 {
	for range 3 {
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
