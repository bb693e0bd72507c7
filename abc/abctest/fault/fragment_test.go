package fault_test

import (
	"context"
	"io"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/abc/abctest/fault"
	"github.com/tributary-go/tributary/memstream"
)

// sends returns at which offsets the sends below s were cut.
func sends(rec *fault.Recorder) (ends []int) {
	offset := 0
	for _, c := range rec.Calls() {
		offset += len(c.Data)
		ends = append(ends, offset)
	}
	return ends
}

// unbounded is a stream on which nothing blocks.
func unbounded() (a, b *memstream.Stream) {
	return memstream.Pair(&memstream.Options{Capacity: memstream.Unbounded})
}

const fragmented = 50_000

// fragmentSends sends in calls of step bytes and returns where the sends below
// ended.
func fragmentSends(t *testing.T, seed uint64, step int) []int {
	a, b := unbounded()
	rec := fault.Record(a)
	s := fault.Fragment(rec, seed)
	for _, p := range cutBy(text(fragmented), step) {
		require.NoError(t, s.SendAll(t.Context(), p))
	}
	ends := sends(rec)
	require.NoError(t, s.Close(t.Context()))
	got, _, err := receiveAll(b, 1<<10)
	require.Equal(t, io.EOF, err)
	require.Equal(t, text(fragmented), got)
	return ends
}

func TestFragmentCutsSendsBySeed(t *testing.T) {
	once := fragmentSends(t, 7, fragmented)
	require.Greater(t, len(once), 20)
	require.Equal(t, once, fragmentSends(t, 7, fragmented))
	require.NotEqual(t, once, fragmentSends(t, 8, fragmented))

	// However the sends are made, those cuts are there.
	step := 777
	smaller := fragmentSends(t, 7, step)
	for _, end := range once {
		require.Contains(t, smaller, end)
	}
	for _, end := range smaller {
		require.True(t, slices.Contains(once, end) || end%step == 0, end)
	}
}

func TestFragmentHasEverySize(t *testing.T) {
	shortest, longest, last := 1<<20, 0, 0
	for seed := range uint64(20) {
		last = 0
		for _, end := range fragmentSends(t, seed, fragmented) {
			if end < fragmented { // the last one is cut by the end
				shortest = min(shortest, end-last)
			}
			longest, last = max(longest, end-last), end
		}
	}
	require.Equal(t, 1, shortest)
	require.Greater(t, longest, 2<<10)
	require.LessOrEqual(t, longest, 4<<10)
}

func TestFragmentCutsReceivesBySeed(t *testing.T) {
	receives := func(seed uint64, cancels bool) []int {
		a, b := unbounded()
		s := fault.Fragment(a, seed)
		defer s.Close(t.Context())
		if cancels {
			ctx, cancel := context.WithCancel(t.Context())
			result := make(chan error)
			go func() {
				_, err := s.ReceiveSome(ctx, make([]byte, 8))
				result <- err
			}()
			cancel()
			require.ErrorIs(t, <-result, context.Canceled)
			_, err := s.ReceiveSome(cancelled(), make([]byte, 8))
			require.ErrorIs(t, err, errFake)
		}
		require.NoError(t, b.SendAll(t.Context(), text(fragmented)))
		require.NoError(t, b.Close(t.Context()))
		got, sizes, err := receiveAll(s, fragmented)
		require.Equal(t, io.EOF, err)
		require.Equal(t, text(fragmented), got)
		return sizes
	}
	once := receives(7, false)
	require.Greater(t, len(once), 20)
	require.Equal(t, once, receives(7, true), "a cancelled receive changes nothing")
	require.NotEqual(t, once, receives(8, false))
}

func TestFragmentCountsAcrossItsSends(t *testing.T) {
	a, b := memstream.Pair(&memstream.Options{Capacity: 10_000})
	defer b.Close(t.Context())
	s := fault.Fragment(a, 3)
	defer s.Close(t.Context())
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error)
	go func() { result <- s.SendAll(ctx, text(fragmented)) }()
	got := make([]byte, 0, fragmented)
	buf := make([]byte, 1<<10)
	for len(got) < 5000 {
		n, err := b.ReceiveSome(t.Context(), buf)
		require.NoError(t, err)
		got = append(got, buf[:n]...)
	}
	cancel()
	err := <-result
	require.ErrorIs(t, err, context.Canceled)
	sent := abc.Sent(err)
	require.Positive(t, sent)
	require.NoError(t, s.SendAll(t.Context(), nil))
	require.NoError(t, s.SendEOF(t.Context()))
	rest, _, err := receiveAll(b, 1<<10)
	require.Equal(t, io.EOF, err)
	require.Equal(t, text(sent), append(got, rest...))
}
