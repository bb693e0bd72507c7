package abc_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/memstream"
)

type chunk struct {
	text string
	err  error
}

func collect(ctx context.Context, r abc.ReceiveStream, buf []byte) (all []chunk) {
	for p, err := range abc.Chunks(ctx, r, buf) {
		all = append(all, chunk{string(p), err})
	}
	return all
}

func TestChunksYieldsWhatComes(t *testing.T) {
	broken := &abc.OpError{Op: "receive", Transport: "fake", Err: abc.ErrBroken}
	for _, tt := range []struct {
		name   string
		chunks []string
		err    error
		size   int
		want   []chunk
	}{
		{"nothing", nil, nil, 8, nil},
		{"as it comes", []string{"a", "bcd"}, nil, 8, []chunk{{"a", nil}, {"bcd", nil}}},
		{"a small buffer", []string{"a", "bcd"}, nil, 2, []chunk{{"a", nil}, {"bc", nil}, {"d", nil}}},
		{"an error is last, once", []string{"a"}, broken, 8, []chunk{{"a", nil}, {"", broken}}},
		{"an error at once", nil, broken, 8, []chunk{{"", broken}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			src := chunks(tt.chunks...)
			src.err = tt.err
			require.Equal(t, tt.want, collect(t.Context(), src, make([]byte, tt.size)))
			require.Zero(t, src.closes.Load())
		})
	}
}

func TestChunksUsesTheBufferThatItIsGiven(t *testing.T) {
	buf := make([]byte, 4)
	for p, err := range abc.Chunks(t.Context(), chunks("ab"), buf) {
		require.NoError(t, err)
		require.Same(t, &buf[0], &p[0])
	}
	require.Equal(t, "ab\x00\x00", string(buf))
}

func TestChunksWithAnEmptyBufferIsAnError(t *testing.T) {
	for _, buf := range [][]byte{nil, {}} {
		all := collect(t.Context(), chunks("ab"), buf)
		require.Len(t, all, 1)
		require.ErrorIs(t, all[0].err, abc.ErrEmptyBuffer)
	}
}

func TestChunksLeftEarlyLosesNothing(t *testing.T) {
	a, b := memstream.OneWay(nil)
	require.NoError(t, a.SendAll(t.Context(), []byte("abcdef")))
	require.NoError(t, a.Close(t.Context()))
	seq := abc.Chunks(t.Context(), b, make([]byte, 2))
	for p, err := range seq {
		require.NoError(t, err)
		require.Equal(t, "ab", string(p))
		break
	}
	require.Equal(t, []chunk{{"cdef", nil}}, collect(t.Context(), b, make([]byte, 8)), "another loop goes on")
	for range seq {
		require.Fail(t, "the stream has ended")
	}
}

func TestChunksYieldsTheContextsError(t *testing.T) {
	src := chunks("a", "b")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var got []string
	var last error
	for p, err := range abc.Chunks(ctx, src, make([]byte, 1)) {
		if err != nil {
			last = err
			continue // whoever ignores the error is not caught in an endless loop
		}
		got = append(got, string(p))
		cancel()
	}
	require.ErrorIs(t, last, context.Canceled)
	require.Equal(t, []string{"a"}, got)
	require.Equal(t, []chunk{{"b", nil}}, collect(t.Context(), src, make([]byte, 1)), "the stream goes on")
}
