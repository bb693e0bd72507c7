//go:build !race && unix

package pipestream_test

import (
	"context"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/closeutil"
)

func TestOperationsDoNotAllocate(t *testing.T) {
	reused, cancel := context.WithCancel(bg)
	defer cancel()
	for mode, ctx := range map[string]context.Context{"background": bg, "reused": reused} {
		t.Run(mode, func(t *testing.T) {
			a, b, err := pipeMaker(os.Pipe).pair()
			require.NoError(t, err)
			echoed := make(chan struct{})
			go func() {
				defer close(echoed)
				p := make([]byte, 100)
				for {
					n, err := b.ReceiveSome(ctx, p)
					if err != nil || b.SendAll(ctx, p[:n]) != nil {
						return
					}
				}
			}()
			p := make([]byte, 100)
			roundTrip := func() {
				if a.SendAll(ctx, p) != nil {
					panic("send")
				}
				if _, err := a.ReceiveSome(ctx, p); err != nil {
					panic(err)
				}
			}
			for range 10 { // the first ones make what is kept
				roundTrip()
			}
			require.Zero(t, testing.AllocsPerRun(1000, roundTrip))
			require.NoError(t, closeutil.CloseForcefully(a))
			<-echoed
			require.NoError(t, closeutil.CloseForcefully(b))
		})
	}
}
