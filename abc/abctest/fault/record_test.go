package fault_test

import (
	"context"
	"io"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/abc/abctest/fault"
	"github.com/tributary-go/tributary/memstream"
)

func TestRecordIsTheCallsInOrder(t *testing.T) {
	a, b := pair(t)
	s := fault.Record(a)
	require.Empty(t, s.Calls())
	p := []byte("hello")
	require.NoError(t, s.SendAll(t.Context(), p))
	clear(p) // what is recorded is a copy
	require.NoError(t, s.SendAll(t.Context(), nil))
	require.NoError(t, b.SendAll(t.Context(), []byte("answer")))
	require.NoError(t, b.SendEOF(t.Context()))
	buf := make([]byte, 4)
	for range 2 {
		_, err := s.ReceiveSome(t.Context(), buf)
		require.NoError(t, err)
	}
	clear(buf)
	_, err := s.ReceiveSome(t.Context(), buf)
	require.Equal(t, io.EOF, err)
	require.NoError(t, s.SendEOF(t.Context()))
	late := s.SendAll(t.Context(), []byte("late"))
	require.ErrorIs(t, late, abc.ErrClosed)
	require.NoError(t, s.Close(t.Context()))

	require.Equal(t, []fault.Call{
		{Op: "send", Data: []byte("hello")},
		{Op: "send"},
		{Op: "receive", Data: []byte("answ")},
		{Op: "receive", Data: []byte("er")},
		{Op: "receive", Err: io.EOF},
		{Op: "send EOF"},
		{Op: "send", Err: late},
		{Op: "close"},
	}, s.Calls())
	require.Equal(t, "hello", string(s.Sent()))
	require.Equal(t, "answer", string(s.Received()))
	require.Equal(t, 3, s.Count("send"))
	require.Equal(t, 1, s.Count("close"))
	require.Zero(t, s.Count("dial"))
}

func TestRecordShowsWhatHasNotReturned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := memstream.Pair(&memstream.Options{Capacity: 3})
		defer b.Close(t.Context())
		s := fault.Record(a)
		ctx, cancel := context.WithCancel(t.Context())
		result := make(chan error, 1)
		go func() { result <- s.SendAll(ctx, []byte("hello")) }()
		synctest.Wait()
		require.Equal(t, []fault.Call{{Op: "send", Pending: true}}, s.Calls())
		before := s.Calls()
		require.Equal(t, "send, pending", before[0].String())
		buf := make([]byte, 1)
		_, err := b.ReceiveSome(t.Context(), buf)
		require.NoError(t, err)
		cancel()
		err = <-result
		require.ErrorIs(t, err, context.Canceled)
		require.Positive(t, abc.Sent(err))
		require.Equal(t, []fault.Call{{Op: "send", Data: []byte("hello")[:abc.Sent(err)], Err: err}}, s.Calls())
		require.True(t, before[0].Pending, "what was returned does not change")
		require.NoError(t, s.Close(t.Context()))
	})
}

func TestRecordIsSafeForConcurrentUse(t *testing.T) {
	a, b := pair(t)
	s := fault.Record(a)
	const n = 200
	var wg sync.WaitGroup
	wg.Go(func() {
		for range n {
			_ = s.SendAll(t.Context(), []byte("x"))
		}
	})
	wg.Go(func() {
		for range n {
			_, _ = s.ReceiveSome(t.Context(), make([]byte, 1))
		}
	})
	wg.Go(func() {
		for range n {
			_ = b.SendAll(t.Context(), []byte("y"))
		}
	})
	wg.Go(func() {
		for range n {
			for _, c := range s.Calls() {
				_ = c.String()
			}
		}
	})
	wg.Wait()
	require.Equal(t, n, s.Count("send"))
	require.Equal(t, n, s.Count("receive"))
	require.Len(t, s.Sent(), n)
	require.Len(t, s.Received(), n)
}

func TestRecordOfASendThatDoesNotSayHowMuch(t *testing.T) {
	a, _ := pair(t)
	s := fault.Record(&lossy{Stream: a})
	err := s.SendAll(t.Context(), text(8))
	require.Equal(t, []fault.Call{{Op: "send", Err: err}}, s.Calls())
}

// boastful is a stream that says it did more than it was asked to.
type boastful struct{ abc.Stream }

func (boastful) ReceiveSome(_ context.Context, p []byte) (int, error) { return len(p) + 5, nil }

func TestRecordOfAFaultyStream(t *testing.T) {
	s := fault.Record(boastful{})
	n, err := s.ReceiveSome(t.Context(), make([]byte, 2))
	require.NoError(t, err)
	require.Equal(t, 7, n, "it is passed on as it is")
	require.Equal(t, []fault.Call{{Op: "receive", Data: []byte{0, 0}}}, s.Calls())
}
