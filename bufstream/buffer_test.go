package bufstream_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/bufstream"
)

func TestBufferSlides(t *testing.T) {
	var b bufstream.Buffer
	require.Empty(t, b.Bytes())
	require.Equal(t, -1, b.Index([]byte("x")))
	require.NoError(t, b.Append([]byte("hello, ")))
	n, err := b.Extend(bg, &source{pieces: []string{"world"}}, 0)
	require.NoError(t, err)
	require.Equal(t, 5, n)
	require.Equal(t, "hello, world", string(b.Bytes()))
	require.Equal(t, 12, b.Len())
	b.Discard(7)
	require.Equal(t, "world", string(b.Bytes()))
	require.Equal(t, 2, b.Index([]byte("rl")))
	require.NoError(t, b.Prepend([]byte("my ")))
	require.NoError(t, b.Prepend([]byte("hello to ")))
	require.Equal(t, "hello to my world", string(b.Bytes()))
	b.Discard(b.Len())
	require.Zero(t, b.Len())
	b.Release()
	require.NoError(t, b.Append([]byte("again")))
	require.Equal(t, "again", string(b.Bytes()))
}

func TestBufferWrongArguments(t *testing.T) {
	var b bufstream.Buffer
	require.NoError(t, b.Append([]byte("abc")))
	require.PanicsWithValue(t, "bufstream: Discard of more than is held", func() { b.Discard(4) })
	require.PanicsWithValue(t, "bufstream: Discard of more than is held", func() { b.Discard(-1) })
	require.PanicsWithValue(t, "bufstream: Index of an empty delimiter", func() { b.Index(nil) })
	b.Limit = -2
	require.PanicsWithValue(t, "bufstream: a limit must not be negative, but for Unlimited", func() { _ = b.Append(nil) })
}

func TestBufferLimitLosesNothing(t *testing.T) {
	for _, limit := range []int{1, 2, 511, 512, 513, 4096, 40_000, 0} {
		want := limit
		if limit == 0 {
			want = bufstream.DefaultLimit
		}
		t.Run(fmt.Sprint(limit), func(t *testing.T) {
			b := bufstream.Buffer{Limit: limit}
			all := string(pattern(want + 10))
			src := &source{pieces: []string{all}}
			var err error
			for err == nil {
				_, err = b.Extend(bg, src, 1<<30)
			}
			require.Equal(t, &bufstream.TooLongError{Limit: want}, err)
			require.EqualError(t, err, fmt.Sprintf("longer than the limit of %d bytes", want))
			require.Equal(t, all[:want], string(b.Bytes()))
			require.Equal(t, all[want:], src.pieces[0], "the rest was not received")
			require.Equal(t, err, b.Append([]byte("x")))
			require.Equal(t, err, b.Prepend([]byte("x")))
			require.NoError(t, b.Append(nil))
			require.Equal(t, all[:want], string(b.Bytes()))
			b.Discard(1)
			_, err = b.Extend(bg, src, 0)
			require.NoError(t, err)
			require.Equal(t, all[1:want+1], string(b.Bytes()))
		})
	}
}

func TestBufferOfAnyLength(t *testing.T) {
	b := bufstream.Buffer{Limit: bufstream.Unlimited}
	p := pattern(3 << 20)
	require.NoError(t, b.Append(p))
	require.NoError(t, b.Prepend(p))
	require.Equal(t, 6<<20, b.Len())
	require.True(t, bytes.Equal(p, b.Bytes()[:3<<20]))
	require.True(t, bytes.Equal(p, b.Bytes()[3<<20:]))
}

func TestExtendReturnsTheErrorOfTheStream(t *testing.T) {
	var b bufstream.Buffer
	_, err := b.Extend(bg, &source{err: io.EOF}, 0)
	require.Equal(t, io.EOF, err)
	require.NoError(t, b.Append([]byte("kept")))
	broken := &abc.OpError{Op: "receive", Transport: "source", Err: abc.ErrBroken}
	_, err = b.Extend(bg, &source{err: broken}, 0)
	require.Equal(t, broken, err)
	require.Equal(t, "kept", string(b.Bytes()))

	ctx, cancel := context.WithCancel(bg)
	cancel()
	_, err = b.Extend(ctx, &source{pieces: []string{"x"}}, 0)
	require.ErrorIs(t, err, context.Canceled)
	b.Limit = 4
	_, err = b.Extend(ctx, &source{}, 0)
	require.ErrorIs(t, err, context.Canceled, "before the limit")
	require.Equal(t, "kept", string(b.Bytes()))
}

// Prepend takes what was just discarded, wherever that is now.
func TestPrependOfAView(t *testing.T) {
	for _, size := range []int{1, 100, 512, 513, 5000} {
		for _, consumed := range []int{1, size / 2, size} {
			var b bufstream.Buffer
			p := pattern(size)
			require.NoError(t, b.Append(p))
			view := b.Bytes()[:consumed]
			b.Discard(consumed)
			require.NoError(t, b.Prepend(view))
			require.Equal(t, p, b.Bytes())
			view = b.Bytes()
			require.NoError(t, b.Prepend(view))
			require.Equal(t, append(p, p...), b.Bytes())
		}
	}
}

// What was searched is overwritten with the delimiter. Whoever looks at it
// again finds that.
func TestIndexLooksAtNothingTwice(t *testing.T) {
	for _, delim := range []string{"\n", "\r\n", "--boundary"} {
		t.Run(fmt.Sprintf("%q", delim), func(t *testing.T) {
			const size = 1 << 20
			b := bufstream.Buffer{Limit: bufstream.Unlimited}
			overlap := len(delim) - 1
			for i := range size {
				if err := b.Append([]byte{'x'}); err != nil || b.Index([]byte(delim)) != -1 {
					t.Fatalf("after %d bytes: %v, or found what was searched before", i, err)
				}
				if i >= len(delim)+overlap {
					done := b.Len() - overlap
					copy(b.Bytes()[done-len(delim):done], delim)
				}
			}
			require.NoError(t, b.Append([]byte(delim)))
			require.Equal(t, size, b.Index([]byte(delim)))
			require.Equal(t, size, b.Index([]byte(delim)), "again")
			require.Equal(t, -1, b.Index([]byte{0}))
			require.Less(t, b.Index([]byte(delim)), size, "it starts anew after another delimiter")
		})
	}
}

// A byte at a time, with no more moves of what is held than doublings.
func TestBufferMovesBytesRarely(t *testing.T) {
	src := &source{}
	for range 1 << 20 {
		src.pieces = append(src.pieces, "x")
	}
	b := bufstream.Buffer{Limit: bufstream.Unlimited}
	moves, at := 0, (*byte)(nil)
	for range 1 << 20 {
		if _, err := b.Extend(bg, src, 0); err != nil {
			t.Fatal(err)
		}
		if now := &b.Bytes()[0]; now != at {
			moves, at = moves+1, now
		}
	}
	require.Equal(t, 1<<20, b.Len())
	require.LessOrEqual(t, moves, 13)
}

// Where much is held and little of it consumed at a time, what is held must not
// be moved for each little.
func TestBufferSlidesCheaply(t *testing.T) {
	add := map[string]func(b *bufstream.Buffer, n int) error{
		"Append": func(b *bufstream.Buffer, n int) error { return b.Append(make([]byte, n)) },
		"Extend": func(b *bufstream.Buffer, n int) (err error) {
			src := &source{pieces: []string{string(make([]byte, n))}}
			for len(src.pieces) > 0 && err == nil {
				_, err = b.Extend(bg, src, 0)
			}
			return err
		},
	}
	for name, add := range add {
		for _, held := range []int{300, 500, 511, 1000, 5000} {
			for _, step := range []int{1, 10, 100} {
				var b bufstream.Buffer
				require.NoError(t, b.Append(make([]byte, held)))
				const steps = 5000
				moved := 0
				for range steps {
					b.Discard(step)
					at := &b.Bytes()[0]
					require.NoError(t, add(&b, step))
					if &b.Bytes()[0] != at {
						moved += held
					}
				}
				require.LessOrEqual(t, moved, 3*(steps*step+held), "%s: %d held, %d at a time", name, held, step)
			}
		}
	}
}

// What a receive has room for follows what comes.
func TestExtendAdapts(t *testing.T) {
	var b bufstream.Buffer
	extend := func(n int) int {
		src := &source{pieces: []string{string(pattern(n))}}
		got, err := b.Extend(bg, src, 0)
		require.NoError(t, err)
		b.Discard(got)
		return src.asked[0]
	}
	require.Equal(t, 512, extend(100))
	require.Equal(t, 512, extend(600))
	require.Equal(t, 4096, extend(5000), "it was full")
	require.Equal(t, 16<<10, extend(20<<10))
	require.Equal(t, 16<<10, extend(20<<10), "and no more")
	require.Equal(t, 16<<10, extend(10_000))
	require.Equal(t, 16<<10, extend(100))
	require.Equal(t, 2048, extend(100), "after little")
	require.Equal(t, 2048, extend(100), "an array is kept that is but four times too large")
	require.NoError(t, b.Append(make([]byte, 1<<20)))
	b.Discard(1<<20 - 1)
	require.Equal(t, 511, extend(1), "after a burst")
}

// Who announces much gets room for what is there already.
func TestHintIsNotBelieved(t *testing.T) {
	b := bufstream.Buffer{Limit: bufstream.Unlimited}
	src := &source{pieces: []string{"1234"}}
	_, err := b.Extend(bg, src, 0)
	require.NoError(t, err)
	for b.Len() < 1<<20 {
		held := b.Len()
		src := &source{pieces: []string{string(make([]byte, 16<<20))}}
		_, err := b.Extend(bg, src, 1<<30)
		require.NoError(t, err)
		require.LessOrEqual(t, src.asked[0], max(4096, 16*held), "with %d held", held)
		require.GreaterOrEqual(t, src.asked[0], min(4092, 7*held), "with %d held", held)
	}
	// A small one is.
	b = bufstream.Buffer{}
	src = &source{pieces: []string{string(make([]byte, 5000))}}
	_, err = b.Extend(bg, src, 3000)
	require.NoError(t, err)
	require.Equal(t, []int{4096}, src.asked)
}
