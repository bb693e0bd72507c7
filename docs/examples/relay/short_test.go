package main

import (
	"errors"
	"net"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/memstream"
	"github.com/tributary-go/tributary/socketstream"
)

func TestStatusLine(t *testing.T) {
	before := snapshot{Received: 1 << 20, Sent: 10}
	now := snapshot{Open: 3, Ended: 12, Received: 5 << 20, Sent: 10}
	require.Equal(t, "3 open, 12 ended, in 5.0 MiB (2.0 MiB/s), out 10 B (0 B/s)", statusLine(before, now, 2*time.Second))
	now.Failed = 1
	require.Equal(t, "3 open, 12 ended, in 5.0 MiB (4.0 MiB/s), out 10 B (0 B/s), 1 failed", statusLine(before, now, time.Second))
	for n, want := range map[float64]string{0: "0 B", 999: "999 B", 1000: "1.0 KiB", 500 << 10: "500 KiB", 1 << 40: "1.0 TiB", 1 << 52: "4096 TiB"} {
		require.Equal(t, want, bytesName(n))
	}
}

type fakeMeter struct{ atomic.Int64 }

func (m *fakeMeter) Transferred() (received, sent int64) { return m.Load(), 0 }

func TestIdleIsBetweenTheLimitAndAQuarterMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, last := range []time.Duration{0, time.Minute, 61 * time.Second, 119 * time.Minute} {
			m := &fakeMeter{}
			c := &conversation{client: side{meter: m}, server: side{meter: &fakeMeter{}}}
			ended := make(chan error, 1)
			stop := c.endWhenIdle(4*time.Minute, func(err error) { ended <- err })
			began := time.Now()
			for time.Since(began) < last { // bytes move now and then
				time.Sleep(min(3*time.Minute, last-time.Since(began)))
				m.Add(1)
			}
			require.Equal(t, errIdle(4*time.Minute), <-ended)
			silence := time.Since(began) - last
			require.GreaterOrEqual(t, silence, 4*time.Minute)
			require.LessOrEqual(t, silence, 5*time.Minute)
			stop()
		}
	})
}

func TestIdleStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &conversation{client: side{meter: &fakeMeter{}}, server: side{meter: &fakeMeter{}}}
		c.endWhenIdle(time.Minute, func(error) { panic("it was stopped") })()
		time.Sleep(time.Hour)
	})
}

// A layer around a socket would keep its bytes from being spliced.
func TestSocketsAreNotWrapped(t *testing.T) {
	x, y := net.Pipe()
	defer y.Close()
	s := socketstream.New(x)
	require.Same(t, s, newSide(s).stream)
	require.Same(t, s, newSide(s).meter)
	require.NoError(t, s.Close(t.Context()))
	a, b := memstream.Pair(nil)
	counting := newSide(a)
	require.NoError(t, counting.stream.SendAll(t.Context(), make([]byte, 7)))
	require.NoError(t, b.SendAll(t.Context(), make([]byte, 3)))
	_, err := counting.stream.ReceiveSome(t.Context(), make([]byte, 10))
	require.NoError(t, err)
	received, sent := counting.Transferred()
	require.EqualValues(t, 3, received)
	require.EqualValues(t, 7, sent)
}

func TestStatusOfErrors(t *testing.T) {
	require.Equal(t, 2, status(badInput("x: %w", errors.New("y"))))
	require.Equal(t, 1, status(errors.Join(errCut, errors.New("y"))))
}
