package fault_test

import (
	"context"
	"io"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/abc/abctest/fault"
	"github.com/tributary-go/tributary/memstream"
)

const within = 10

// droppedSend sends byte by byte, or all at once, until the connection is
// dropped, and returns how many bytes were sent before.
func droppedSend(t *testing.T, seed uint64, step int) int {
	a, b := pair(t)
	s := fault.Drop(a, seed, within)
	sent := 0
	for _, p := range cutBy(text(2*within), step) {
		if err := s.SendAll(t.Context(), p); err != nil {
			requireBroken(t, "send", abc.Sent(err), syscall.ECONNRESET, err)
			sent += abc.Sent(err)
			break
		}
		sent += len(p)
	}
	got, _, err := receiveAll(b, 64)
	require.Equal(t, io.EOF, err, "the peer sees a forceful close")
	require.Equal(t, string(text(sent)), string(got))
	for range 2 {
		requireBroken(t, "send", 0, syscall.ECONNRESET, s.SendAll(t.Context(), text(1)))
		requireBroken(t, "send EOF", 0, syscall.ECONNRESET, s.SendEOF(t.Context()))
		_, err := s.ReceiveSome(t.Context(), make([]byte, 1))
		requireBroken(t, "receive", 0, syscall.ECONNRESET, err)
	}
	require.NoError(t, s.Close(t.Context()))
	require.ErrorIs(t, s.SendAll(t.Context(), text(1)), abc.ErrClosed)
	return sent
}

func droppedReceive(t *testing.T, seed uint64, size int) int {
	a, b := pair(t)
	s := fault.Drop(a, seed, within)
	defer s.Close(t.Context())
	require.NoError(t, b.SendAll(t.Context(), text(2*within)))
	got, _, err := receiveAll(s, size)
	require.Equal(t, string(text(len(got))), string(got))
	for range 2 {
		requireBroken(t, "receive", 0, syscall.ECONNRESET, err)
		_, err = s.ReceiveSome(t.Context(), make([]byte, 1))
	}
	requireBroken(t, "send", 0, syscall.ECONNRESET, s.SendAll(t.Context(), text(1)))
	require.ErrorIs(t, b.SendAll(t.Context(), text(1)), abc.ErrBroken)
	return len(got)
}

func TestDropAtEveryMomentBySeed(t *testing.T) {
	sends, receives := map[int]bool{}, map[int]bool{}
	for seed := range uint64(200) {
		sent := droppedSend(t, seed, 1)
		require.Equal(t, sent, droppedSend(t, seed, 2*within))
		require.Equal(t, sent, droppedSend(t, seed, 3))
		received := droppedReceive(t, seed, 1)
		require.Equal(t, received, droppedReceive(t, seed, 2*within))
		sends[sent], receives[received] = true, true
	}
	require.Len(t, sends, within, "0 to within-1, each of them")
	require.Len(t, receives, within)
	for n := range within {
		require.True(t, sends[n])
		require.True(t, receives[n])
	}
}

// seedOf returns a seed with which n bytes can be sent, and more received.
func seedOf(t *testing.T, n int) uint64 {
	for seed := range uint64(1000) {
		if droppedSend(t, seed, 1) == n && droppedReceive(t, seed, 1) > 0 {
			return seed
		}
	}
	t.Fatal("no such seed")
	return 0
}

func TestDropWakesTheOtherDirection(t *testing.T) {
	const n = 4
	seed := seedOf(t, n)
	synctest.Test(t, func(t *testing.T) {
		a, b := memstream.Pair(nil)
		defer b.Close(t.Context())
		s := fault.Drop(a, seed, within)
		received := make(chan error, 1)
		go func() {
			_, err := s.ReceiveSome(context.Background(), make([]byte, 1))
			received <- err
		}()
		require.NoError(t, s.SendAll(t.Context(), text(n-1)))
		synctest.Wait()
		require.Empty(t, received)
		require.NoError(t, s.SendAll(t.Context(), text(1)), "the last byte goes, and the connection with it")
		requireBroken(t, "receive", 0, syscall.ECONNRESET, <-received)
	})
}

func TestDropAfterTheEndLeavesTheEnd(t *testing.T) {
	seed := seedOf(t, 4)
	a, b := pair(t)
	s := fault.Drop(a, seed, within)
	require.NoError(t, b.SendEOF(t.Context()))
	for range 2 {
		_, err := s.ReceiveSome(t.Context(), make([]byte, 1))
		require.Equal(t, io.EOF, err)
		require.ErrorIs(t, s.SendAll(t.Context(), text(5)), abc.ErrBroken)
	}

	a, b = pair(t)
	s = fault.Drop(a, seed, within)
	require.NoError(t, s.SendEOF(t.Context()))
	require.NoError(t, b.SendAll(t.Context(), text(2*within)))
	_, _, err := receiveAll(s, 64)
	requireBroken(t, "receive", 0, syscall.ECONNRESET, err)
	require.ErrorIs(t, s.SendAll(t.Context(), text(1)), abc.ErrClosed)
	require.NoError(t, s.SendEOF(t.Context()))
}

func TestDropIsNotOurClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := memstream.Pair(nil)
		defer b.Close(t.Context())
		s := fault.Drop(a, 1, 1<<40)
		received := make(chan error, 1)
		go func() {
			_, err := s.ReceiveSome(context.Background(), make([]byte, 1))
			received <- err
		}()
		synctest.Wait()
		require.NoError(t, s.Close(t.Context()))
		err := <-received
		require.ErrorIs(t, err, abc.ErrClosed)
		require.NotErrorIs(t, err, abc.ErrBroken)
	})
}

func TestDropWakesWhatIsStalledBelow(t *testing.T) {
	seed := seedOf(t, 0)
	synctest.Test(t, func(t *testing.T) {
		a, b := memstream.Pair(nil)
		defer b.Close(t.Context())
		s := fault.Drop(fault.StallReceiveAfter(a, 0), seed, within)
		received := make(chan error, 1)
		go func() {
			_, err := s.ReceiveSome(context.Background(), make([]byte, 1))
			received <- err
		}()
		synctest.Wait()
		requireBroken(t, "send", 0, syscall.ECONNRESET, s.SendAll(t.Context(), text(1)))
		requireBroken(t, "receive", 0, syscall.ECONNRESET, <-received)
	})
}
