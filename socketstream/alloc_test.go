//go:build !race

package socketstream_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/closeutil"
)

func TestOperationsDoNotAllocate(t *testing.T) {
	reused, cancel := context.WithCancel(bg)
	defer cancel()
	for _, network := range []string{"tcp", "unix"} {
		for mode, ctx := range map[string]context.Context{"background": bg, "reused": reused} {
			t.Run(network+"/"+mode+"/not blocking", func(t *testing.T) {
				a, b := pair(t, network)
				p := make([]byte, 100)
				require.Zero(t, testing.AllocsPerRun(1000, func() {
					if a.SendAll(ctx, p) != nil {
						panic("send")
					}
					if _, err := b.ReceiveSome(ctx, p); err != nil {
						panic(err)
					}
				}))
			})
			t.Run(network+"/"+mode+"/blocking", func(t *testing.T) {
				a, b := pair(t, network)
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
				p := make([]byte, 1)
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
			})
		}
	}
}

func TestVectorsAndWaitingDoNotAllocate(t *testing.T) {
	reused, cancel := context.WithCancel(bg)
	defer cancel()
	for _, network := range []string{"tcp", "unix"} {
		for mode, ctx := range map[string]context.Context{"background": bg, "reused": reused} {
			t.Run(network+"/"+mode, func(t *testing.T) {
				a, b := pair(t, network)
				bufs := [][]byte{make([]byte, 10), nil, make([]byte, 90)}
				p := make([]byte, 100)
				once := func() {
					if a.WaitSendable(ctx) != nil || a.SendVector(ctx, bufs) != nil {
						panic("send")
					}
					if _, err := b.ReceiveSome(ctx, p); err != nil {
						panic(err)
					}
				}
				once() // makes what is kept
				require.Zero(t, testing.AllocsPerRun(1000, once))
			})
			t.Run(network+"/"+mode+"/blocking", func(t *testing.T) {
				a, b := pair(t, network)
				received := make(chan struct{})
				go func() {
					defer close(received)
					p := make([]byte, 64<<10)
					for {
						if _, err := b.ReceiveSome(ctx, p); err != nil {
							return
						}
					}
				}()
				bufs := [][]byte{make([]byte, 2<<20), make([]byte, 3<<20)} // more than there is room for
				once := func() {
					if a.SendVector(ctx, bufs) != nil || a.WaitSendable(ctx) != nil {
						panic("send")
					}
				}
				for range 3 {
					once()
				}
				require.Zero(t, testing.AllocsPerRun(20, once))
				require.NoError(t, closeutil.CloseForcefully(a))
				<-received
			})
		}
	}
}
