package memstream_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/memstream"
)

// Sends, receives and WaitSendable of all sizes, half of them cancelled at some
// time, on streams of which one or both ends are closed at some time: every
// byte that went arrives once and in its place, and each call ends as it may.
func TestBytesAreNeitherLostNorDoubled(t *testing.T) {
	for _, capacity := range []int{memstream.Lockstep, 1, 1000, 0, memstream.Unbounded} {
		t.Run(fmt.Sprint(capacity), func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(20) {
				a, b := memstream.Pair(&memstream.Options{Capacity: capacity})
				var all sync.WaitGroup
				for i, ends := range [][2]*memstream.Stream{{a, b}, {b, a}} {
					rng := rand.New(rand.NewPCG(seed, uint64(i)))
					f := flow{from: ends[0], to: ends[1], total: rng.IntN(200_000), end: rng.IntN(4)}
					all.Go(func() { f.err = f.send(rand.New(rand.NewPCG(seed, uint64(2+i)))) })
					all.Go(func() { f.receive(t, rand.New(rand.NewPCG(seed, uint64(4+i)))) })
				}
				all.Wait()
				a.Close(bg)
				b.Close(bg)
			}
		})
	}
}

// A flow is one direction of a stream. Its end is that of total bytes, if that
// is not one of these.
type flow struct {
	from, to *memstream.Stream
	total    int
	end      int
	err      error // how sending ended
}

const (
	senderCloses   = iota // anywhere
	receiverCloses        // anywhere
)

// closed are the errors of a flow of which an end was closed: its own, or that
// of the other direction.
func closed(err error) bool { return errors.Is(err, abc.ErrClosed) || errors.Is(err, abc.ErrBroken) }

func (f *flow) send(rng *rand.Rand) error {
	data := pattern(f.total)
	stop := -1
	if f.end == senderCloses {
		stop = rng.IntN(f.total + 1)
	}
	for at := 0; at < f.total; {
		if stop >= 0 && at >= stop {
			return f.from.Close(bg)
		}
		p := append([]byte(nil), data[at:min(f.total, at+someSize(rng))]...)
		ctx, cancel := soonCancelled(rng)
		var err error
		n := len(p)
		switch rng.IntN(4) {
		case 0:
			n, err = 0, f.from.WaitSendable(ctx)
		case 1:
			k := rng.IntN(len(p) + 1)
			err = f.from.SendVector(ctx, [][]byte{p[:k], nil, p[k:]})
		default:
			err = f.from.SendAll(ctx, p)
		}
		cancel()
		clear(p) // it is ours again
		switch {
		case err == nil:
			at += n
		case errors.Is(err, context.Canceled):
			at += abc.Sent(err)
		default:
			return err
		}
	}
	return f.from.SendEOF(bg)
}

func (f *flow) receive(t *testing.T, rng *rand.Rand) {
	want := pattern(f.total)
	stop := -1
	if f.end == receiverCloses {
		stop = rng.IntN(f.total + 1)
	}
	for at := 0; ; {
		if stop >= 0 && at >= stop {
			f.to.Close(bg)
		}
		p := make([]byte, someSize(rng))
		ctx, cancel := soonCancelled(rng)
		n, err := f.to.ReceiveSome(ctx, p)
		cancel()
		if string(want[at:min(f.total, at+n)]) != string(p[:n]) {
			t.Errorf("other bytes at %d", at)
			f.to.Close(bg)
			return
		}
		clear(p) // it is ours again
		at += n
		switch {
		case err == nil && n > 0, errors.Is(err, context.Canceled) && n == 0:
		case err == io.EOF && n == 0, closed(err) && n == 0:
			return
		default:
			t.Errorf("%d bytes, %v", n, err)
			return
		}
	}
}

// someSize is around one of the sizes at which something changes.
func someSize(rng *rand.Rand) int {
	sizes := []int{1, 3, 256, 1000, 4096, 16 << 10, 64 << 10}
	size := sizes[rng.IntN(len(sizes))]
	return max(1, size-1+rng.IntN(3))
}

// Close comes while operations of both ends are blocked or are about to be.
func TestCloseRacesWithWhatIsBlocked(t *testing.T) {
	for _, capacity := range []int{memstream.Lockstep, 1, 0} {
		for round := range 100 {
			a, b := memstream.Pair(&memstream.Options{Capacity: capacity})
			var all sync.WaitGroup
			for _, s := range []*memstream.Stream{a, b} {
				all.Go(func() {
					for p := make([]byte, 70_000); ; {
						if err := s.SendAll(bg, p); err != nil {
							require.True(t, closed(err), "%v", err)
							return
						}
					}
				})
				all.Go(func() {
					for p := make([]byte, 1000); ; {
						if _, err := s.ReceiveSome(bg, p); err != nil {
							require.True(t, err == io.EOF || errors.Is(err, abc.ErrClosed), "%v", err)
							return
						}
					}
				})
			}
			for range round % 7 {
				runtime.Gosched()
			}
			all.Go(func() { a.Close(bg) })
			if round%2 == 0 {
				b.Close(bg)
			}
			all.Wait()
			require.ErrorIs(t, a.SendAll(bg, nil), abc.ErrClosed)
		}
	}
}
