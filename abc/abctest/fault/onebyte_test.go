package fault_test

import (
	"context"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/abc/abctest/fault"
)

func TestOneByteReceivesOne(t *testing.T) {
	a, b := pair(t)
	s := fault.OneByte(a)
	require.NoError(t, b.SendAll(t.Context(), text(1000)))
	require.NoError(t, b.SendEOF(t.Context()))
	got, sizes, err := receiveAll(s, 64)
	require.Equal(t, io.EOF, err)
	require.Equal(t, text(1000), got)
	for _, n := range sizes {
		require.Equal(t, 1, n)
	}
}

func TestOneByteSendsAsItIs(t *testing.T) {
	a, b := pair(t)
	rec := fault.Record(a)
	require.NoError(t, fault.OneByte(rec).SendAll(t.Context(), text(1000)))
	require.Equal(t, 1, rec.Count("send"))
	requireWorks(t, b, fault.OneByte(rec))
}

func TestOneByteCancelledLosesNothing(t *testing.T) {
	a, b := pair(t)
	s := fault.OneByte(a)
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error)
	go func() {
		_, err := s.ReceiveSome(ctx, make([]byte, 8))
		result <- err
	}()
	cancel()
	require.ErrorIs(t, <-result, context.Canceled)
	_, err := s.ReceiveSome(t.Context(), nil)
	require.ErrorIs(t, err, abc.ErrEmptyBuffer)
	requireWorks(t, b, s)
}
