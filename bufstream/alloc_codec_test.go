//go:build !race

package bufstream_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/bufstream"
	"github.com/tributary-go/tributary/memstream"
)

func TestLockedAndIdleTimeoutDoNotAllocate(t *testing.T) {
	for name, wrap := range map[string]func(abc.Stream) abc.Stream{
		"Locked":      func(s abc.Stream) abc.Stream { return bufstream.Locked(s) },
		"IdleTimeout": func(s abc.Stream) abc.Stream { return bufstream.IdleTimeout(s, time.Minute) },
		"both":        func(s abc.Stream) abc.Stream { return bufstream.Locked(bufstream.IdleTimeout(s, time.Minute)) },
	} {
		reused, cancel := context.WithCancel(t.Context())
		for _, ctx := range []context.Context{context.Background(), reused} {
			a, b := memstream.Pair(nil)
			x, y := wrap(a), wrap(b)
			p, bufs := make([]byte, 100), [][]byte{make([]byte, 30), make([]byte, 70)}
			require.Zero(t, testing.AllocsPerRun(1000, func() {
				if x.SendAll(ctx, p) != nil || abc.WaitSendable(ctx, x) != nil {
					panic("send")
				}
				if _, err := y.ReceiveSome(ctx, p); err != nil {
					panic(err)
				}
				if abc.SendVector(ctx, x, bufs...) != nil {
					panic("send vector")
				}
				if _, err := y.ReceiveSome(ctx, p); err != nil {
					panic(err)
				}
			}), name)
			require.NoError(t, x.Close(ctx))
			require.NoError(t, y.Close(ctx))
		}
		cancel()
	}
}
