package bufstream_test

import (
	"io"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/bufstream"
	"github.com/tributary-go/tributary/memstream"
)

func TestDetach(t *testing.T) {
	s, below := memstream.OneWay(nil)
	r := bufstream.NewReceiver(below, nil)
	require.NoError(t, s.SendAll(bg, []byte("first\nsecond")))
	_, err := r.ReceiveUntil(bg, []byte("\n"))
	require.NoError(t, err)
	prebuffered, got := r.Detach()
	require.Equal(t, "second", string(prebuffered))
	require.Same(t, below, got)

	require.ErrorIs(t, r.ReceiveExactly(bg, make([]byte, 1)), abc.ErrClosed)
	require.Nil(t, r.Buffered())
	require.NoError(t, r.Close(bg))
	again, got := r.Detach()
	require.Nil(t, again)
	require.Same(t, below, got)

	require.NoError(t, s.SendAll(bg, []byte("third")))
	p := make([]byte, 10)
	n, err := below.ReceiveSome(bg, p)
	require.NoError(t, err, "it is still open")
	require.Equal(t, "third", string(p[:n]))
}

func TestDetachWhileReceiving(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, below := memstream.OneWay(nil)
		r := bufstream.NewReceiver(below, nil)
		result := make(chan error)
		go func() { result <- r.ReceiveExactly(bg, make([]byte, 1)) }()
		synctest.Wait()
		require.PanicsWithValue(t, "bufstream: Detach while an operation is in progress", func() { r.Detach() })
		require.NoError(t, r.Close(bg))
		require.ErrorIs(t, <-result, abc.ErrClosed)
		prebuffered, got := r.Detach()
		require.Nil(t, prebuffered)
		require.Same(t, below, got)
	})
}

// What Detach returned belongs to the caller, and to no pool.
func TestDetachGivesTheMemoryAway(t *testing.T) {
	for range 20 {
		r := receiver(io.EOF, "line\nprebuffered")
		_, err := r.ReceiveLine(bg)
		require.NoError(t, err)
		prebuffered, _ := r.Detach()
		require.NoError(t, r.Close(bg))
		other := receiver(io.EOF, strings.Repeat("x", 512))
		_, err = other.Peek(bg, 512)
		require.NoError(t, err)
		require.Equal(t, "prebuffered", string(prebuffered))
	}
}
