package socketstream_test

import (
	"bytes"
	"context"
	"math/rand/v2"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/socketstream"
)

// randomVector returns n buffers of up to most bytes, some of them empty or nil.
func randomVector(rng *rand.Rand, n, most int) (bufs [][]byte) {
	for range n {
		switch rng.IntN(6) {
		case 0:
			bufs = append(bufs, nil)
		case 1:
			bufs = append(bufs, []byte{})
		default:
			b := make([]byte, 1+rng.IntN(most))
			for i := range b {
				b[i] = byte(rng.Uint32())
			}
			bufs = append(bufs, b)
		}
	}
	return bufs
}

func TestSendVectorArrivesAsOneSend(t *testing.T) {
	forEachNetwork(t, func(t *testing.T, mk func(t testing.TB) (a, b *socketstream.Stream)) {
		rng := rand.New(rand.NewPCG(1, 1))
		a, b := mk(t)
		vectors := [][][]byte{nil, {nil}, {{}, nil, {}}}
		for _, n := range []int{1, 2, 1023, 1024, 1025, 3000} { // around IOV_MAX
			vectors = append(vectors, randomVector(rng, n, 100))
		}
		vectors = append(vectors, randomVector(rng, 40, 200_000))
		for _, bufs := range vectors {
			want := bytes.Join(bufs, nil)
			before := slices.Clone(bufs)
			sent := make(chan error, 1)
			go func() { sent <- abc.SendVector(bg, a, bufs...) }()
			got := make([]byte, 0, len(want))
			for len(got) < len(want) {
				n, err := b.ReceiveSome(bg, got[len(got):cap(got)])
				require.NoError(t, err)
				got = got[:len(got)+n]
			}
			require.NoError(t, <-sent)
			require.True(t, bytes.Equal(want, got), "%d buffers", len(bufs))
			require.Equal(t, before, bufs, "bufs was modified")
			require.True(t, bytes.Equal(want, bytes.Join(bufs, nil)), "what is in bufs was modified")
		}
	})
}

// Of a vector that is cancelled, Sent tells how much was taken, to the byte.
func TestCancelledVectorsGoOn(t *testing.T) {
	forEachNetwork(t, func(t *testing.T, mk func(t testing.TB) (a, b *socketstream.Stream)) {
		a, b := mk(t)
		if c, ok := a.Conn().(*net.TCPConn); ok {
			require.NoError(t, c.SetWriteBuffer(4096)) // so that sends block
		}
		rng := rand.New(rand.NewPCG(5, 6))
		data := bytes.Join(randomVector(rng, 30, 100_000), nil)
		var got []byte
		var wg sync.WaitGroup
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(7, 8))
			buf := make([]byte, 64<<10)
			for {
				n, err := b.ReceiveSome(bg, buf[:1+rng.IntN(3000)])
				if err != nil {
					return
				}
				got = append(got, buf[:n]...)
			}
		})
		cancelled := 0
		for rest := data; len(rest) > 0; {
			ctx, cancel := context.WithTimeout(bg, time.Duration(rng.IntN(200))*time.Microsecond)
			p := bytes.Clone(rest[:min(len(rest), 1+rng.IntN(128<<10))])
			var bufs [][]byte
			for tail := p; len(tail) > 0; {
				n := min(len(tail), rng.IntN(1+len(p)/4))
				bufs = append(bufs, tail[:n])
				tail = tail[n:]
				if n == 0 && len(p) < 4 {
					bufs, tail = append(bufs, tail), nil
				}
			}
			err := a.SendVector(ctx, bufs)
			cancel()
			sent := len(p)
			if err != nil {
				require.ErrorIs(t, err, context.DeadlineExceeded)
				sent = abc.Sent(err)
				cancelled++
			}
			for i := range p {
				p[i] = 0xff // it is ours again
			}
			rest = rest[sent:]
		}
		require.NoError(t, closeutil.CloseForcefully(a))
		wg.Wait()
		require.True(t, bytes.Equal(data, got), "%d of %d bytes", len(got), len(data))
		t.Logf("%d vectors were cancelled", cancelled)
	})
}

func TestSendVectorReportsWhatSendAllDoes(t *testing.T) {
	forEachNetwork(t, func(t *testing.T, mk func(t testing.TB) (a, b *socketstream.Stream)) {
		for _, bufs := range [][][]byte{nil, {nil}, {[]byte("x"), []byte("y")}, {make([]byte, 10_000), make([]byte, 10_000)}} {
			a, b := mk(t)
			require.ErrorIs(t, a.SendVector(done(), bufs), context.Canceled)
			require.NoError(t, closeutil.CloseForcefully(b))
			var err error
			for err == nil {
				err = a.SendVector(bg, append([][]byte{[]byte("x")}, bufs...))
			}
			require.ErrorIs(t, err, abc.ErrBroken)
			err = a.SendVector(bg, bufs)
			require.ErrorIs(t, err, abc.ErrBroken, "stays")
			require.ErrorContains(t, err, "socketstream: send: ")
			require.NoError(t, closeutil.CloseForcefully(a))
			require.ErrorIs(t, a.SendVector(bg, bufs), abc.ErrClosed)
		}
	})
}
