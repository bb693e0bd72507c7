//go:build unix

package transport

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/abc/abctest"
)

func TestCounter(t *testing.T) {
	abctest.TestStream(t, func(t testing.TB) (a, b abc.Stream) {
		a, b = pair(t)
		return &Counter{Stream: a}, &Counter{Stream: b}
	}, abctest.Caps{})
}

func TestCounterUnwraps(t *testing.T) {
	a, b, err := Pair()
	require.NoError(t, err)
	c := &Counter{Stream: b}
	require.NoError(t, a.SendAll(t.Context(), []byte("12345")))
	_, err = c.ReceiveSome(t.Context(), make([]byte, 9))
	require.NoError(t, err)
	require.EqualValues(t, 5, c.Received.Load())

	pipes, ok := abc.As[*Stream](c)
	require.True(t, ok)
	require.Same(t, b, pipes)
	require.NoError(t, c.Close(t.Context()))
	require.NoError(t, a.Close(t.Context()))
}
