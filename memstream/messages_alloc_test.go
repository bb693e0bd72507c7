//go:build !race

package memstream_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/memstream"
)

func TestMessagesDoNotAllocate(t *testing.T) {
	reused, cancel := context.WithCancel(bg)
	defer cancel()
	for mode, ctx := range map[string]context.Context{"background": bg, "reused": reused} {
		for _, capacity := range []int{1, 64, memstream.Unbounded} {
			t.Run(fmt.Sprintf("%s/not blocking/%d", mode, capacity), func(t *testing.T) {
				s, r := memstream.Messages[[4]int](capacity)
				require.Zero(t, testing.AllocsPerRun(1000, func() {
					for range max(1, capacity) {
						if s.Send(ctx, [4]int{1}) != nil {
							panic("send")
						}
					}
					for range max(1, capacity) {
						if _, err := r.Receive(ctx); err != nil {
							panic(err)
						}
					}
					if _, ok, err := r.TryReceive(); ok || err != nil {
						panic("nothing is there, and that is no error")
					}
				}))
			})
		}
		for _, capacity := range []int{0, 1} {
			t.Run(fmt.Sprintf("%s/blocking/%d", mode, capacity), func(t *testing.T) {
				a, b := memstream.MessagePair[[4]int](capacity)
				done := make(chan struct{})
				go func() {
					defer close(done)
					for {
						m, err := b.Receive(ctx)
						if err != nil || b.Send(ctx, m) != nil {
							return
						}
					}
				}()
				require.Zero(t, testing.AllocsPerRun(1000, func() {
					if a.Send(ctx, [4]int{1}) != nil {
						panic("send")
					}
					if _, err := a.Receive(ctx); err != nil {
						panic(err)
					}
				}))
				require.NoError(t, a.Close(bg))
				<-done
			})
		}
	}
}
