package memstream_test

import (
	"context"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/memstream"
)

// A tally is a server of the simplest protocol that survives a bad network: a
// client sends numbered items, and each is answered by the number that is wanted
// next. It keeps what it has in memory that outlives a crash, so to speak.
type tally struct {
	next  uint64
	items []uint64
}

func (x *tally) handle(ctx context.Context, s abc.Stream) {
	r := bridgeReader{ctx, s}
	for p := make([]byte, 8); ; {
		if _, err := io.ReadFull(r, p); err != nil {
			return
		}
		if item := binary.BigEndian.Uint64(p); item == x.next {
			x.items = append(x.items, item)
			x.next++
		}
		binary.BigEndian.PutUint64(p, x.next)
		if s.SendAll(ctx, p) != nil {
			return
		}
	}
}

type bridgeReader struct {
	ctx context.Context
	s   abc.ReceiveStream
}

func (r bridgeReader) Read(p []byte) (int, error) { return r.s.ReceiveSome(r.ctx, p) }

// pour sends items until the time is over, each until it was answered, and
// returns how many those are and how many attempts failed.
func pour(t *testing.T, h *memstream.Host, address string, until time.Time) (items uint64, failures int) {
	var s *memstream.Conn
	ask := func(ctx context.Context) error {
		if s == nil {
			c, err := h.Dial(ctx, address)
			if err != nil {
				return err
			}
			s = c
		}
		p := binary.BigEndian.AppendUint64(nil, items)
		if err := s.SendAll(ctx, p); err != nil {
			return err
		}
		if _, err := io.ReadFull(bridgeReader{ctx, s}, p); err != nil {
			return err
		}
		require.Equal(t, items+1, binary.BigEndian.Uint64(p))
		return nil
	}
	for time.Now().Before(until) {
		ctx, cancel := context.WithTimeout(bg, 2*sec)
		err := ask(ctx)
		cancel()
		if err == nil {
			items++
			time.Sleep(50 * ms)
			continue
		}
		failures++
		if s != nil {
			closeutil.CloseForcefully(s)
			s = nil
		}
		time.Sleep(100 * ms) // back off
	}
	if s != nil {
		require.NoError(t, s.Close(bg))
	}
	return items, failures
}

func flakyHour(t *testing.T, seed uint64) (items uint64, failures int) {
	synctest.Test(t, func(t *testing.T) {
		n := memstream.NewNetwork(&memstream.NetworkOptions{Seed: seed, Timeout: 30 * sec})
		client, server := n.Host("client"), n.Host("server")
		end := time.Now().Add(time.Hour)

		var x tally
		go func() { // the server, which somebody starts again after each crash
			for time.Now().Before(end.Add(time.Minute)) {
				l, err := server.Listen(bg, ":80", &memstream.ListenOptions{MaxConns: 1})
				if err == nil {
					time.AfterFunc(time.Until(end.Add(time.Minute)), func() { closeutil.CloseForcefully(l) })
					l.Serve(bg, x.handle)
				}
				time.Sleep(sec)
			}
		}()
		go func() { // the network
			rng := rand.New(rand.NewPCG(seed, 1))
			for time.Now().Before(end) {
				n.SetLink("client", "server", memstream.Link{
					Latency:   time.Duration(rng.IntN(200)) * ms,
					Jitter:    time.Duration(rng.IntN(200)) * ms,
					Bandwidth: 1000 + rng.IntN(1e6),
					Window:    1 + rng.IntN(100),
				})
				switch rng.IntN(8) {
				case 0:
					n.Partition("client", "server")
				case 1:
					n.PartitionOneWay("client", "server")
				case 2:
					n.PartitionOneWay("server", "client")
				case 3:
					n.Stall("client", "server")
				case 4:
					n.Unroute("client", "server")
				case 5:
					n.Reset("client", "server")
				case 6:
					server.Crash()
				}
				time.Sleep(time.Duration(rng.IntN(4000)) * ms)
				n.Heal("client", "server")
				server.Restart()
				time.Sleep(time.Duration(rng.IntN(8000)) * ms)
			}
		}()
		items, failures = pour(t, client, "server:80", end)
		time.Sleep(3 * time.Minute) // everybody ends
		// All that were answered, and perhaps one whose answer did not come.
		require.Contains(t, []uint64{items, items + 1}, uint64(len(x.items)))
		for i, item := range x.items {
			require.EqualValues(t, i, item, "in order, each once")
		}
	})
	return items, failures
}

func TestAnHourOfAFlakyNetwork(t *testing.T) {
	for seed := range uint64(3) {
		start := time.Now()
		items, failures := flakyHour(t, seed)
		t.Logf("seed %d: %d items, %d failed attempts, in %v", seed, items, failures, time.Since(start).Round(ms))
		require.Greater(t, items, uint64(1000))
		require.Greater(t, failures, 100)
	}
}
