//go:build !race

package trace_test

import (
	"context"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc/trace"
	"github.com/tributary-go/tributary/memstream"
)

// The caller's side and the writer's: AllocsPerRun counts those of all goroutines.
func TestRecordingDoesNotAllocate(t *testing.T) {
	ctx := context.Background()
	rec := trace.New(&trace.Options{Pcapng: io.Discard, Timeline: io.Discard})
	a, b := memstream.Pair(nil)
	s := rec.Stream("s", a)
	p, bufs := make([]byte, 4<<10), [][]byte{make([]byte, 10), make([]byte, 100)}
	run := func() {
		if s.SendAll(ctx, p) != nil || b.SendAll(ctx, p[:1]) != nil {
			panic("SendAll")
		}
		for _, r := range []interface {
			ReceiveSome(context.Context, []byte) (int, error)
		}{s, b} {
			if _, err := r.ReceiveSome(ctx, p); err != nil {
				panic(err)
			}
		}
		if s.(interface {
			SendVector(context.Context, [][]byte) error
		}).SendVector(ctx, bufs) != nil {
			panic("SendVector")
		}
		if n, err := b.ReceiveSome(ctx, p); n != 110 || err != nil {
			panic(err)
		}
	}
	for range 10_000 { // until the buffers are as large as they get
		run()
	}
	require.Zero(t, testing.AllocsPerRun(10_000, run))
	require.NoError(t, s.Close(ctx))
	require.NoError(t, b.Close(ctx))
	require.NoError(t, rec.Close(ctx))
}
