//go:build unix

package pipestream_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/abc/abctest"
)

func TestConformance(t *testing.T) {
	t.Run("pipe", func(t *testing.T) {
		abctest.TestOneWay(t, oneWayOf(os.Pipe), abctest.Caps{MakeClogged: clogged})
	})
	t.Run("two pipes", func(t *testing.T) {
		abctest.TestStream(t, pairOf(os.Pipe), abctest.Caps{})
	})
	t.Run("blocking pipe", func(t *testing.T) {
		abctest.TestOneWay(t, oneWayOf(blockingPipe), abctest.Caps{})
	})
	t.Run("two blocking pipes", func(t *testing.T) {
		abctest.TestStream(t, pairOf(blockingPipe), abctest.Caps{})
	})
}

func oneWayOf(mk pipeMaker) func(t testing.TB) (abc.SendStream, abc.ReceiveStream) {
	return func(t testing.TB) (abc.SendStream, abc.ReceiveStream) {
		s, r, err := mk.oneWay()
		require.NoError(t, err)
		return s, r
	}
}

func pairOf(mk pipeMaker) func(t testing.TB) (a, b abc.Stream) {
	return func(t testing.TB) (abc.Stream, abc.Stream) {
		a, b, err := mk.pair()
		require.NoError(t, err)
		return a, b
	}
}
