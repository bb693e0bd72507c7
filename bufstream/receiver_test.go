package bufstream_test

import (
	"context"
	"io"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/abc/abctest"
	"github.com/tributary-go/tributary/bufstream"
	"github.com/tributary-go/tributary/memstream"
)

func TestReceiverConformance(t *testing.T) {
	for name, capacity := range map[string]int{"default": 0, "lockstep": memstream.Lockstep} {
		oneWay := func() (abc.SendStream, abc.ReceiveStream) {
			s, r := memstream.OneWay(&memstream.Options{Capacity: capacity})
			return s, bufstream.NewReceiver(r, nil)
		}
		t.Run(name, func(t *testing.T) {
			caps := abctest.Caps{MakeClogged: func() (abc.SendStream, abc.ReceiveStream, error) {
				s, r := oneWay()
				return s, r, s.SendAll(bg, make([]byte, room(capacity)))
			}}
			abctest.TestOneWay(t, func(testing.TB) (abc.SendStream, abc.ReceiveStream) { return oneWay() }, caps)
		})
	}
}

// An operation is one of the ways to wait for something, of a stream that
// brings "abcd;".
type operation struct {
	name string
	run  func(ctx context.Context, r *bufstream.Receiver) (string, error)
	want string
}

var operations = []operation{
	{"ReceiveExactly", func(ctx context.Context, r *bufstream.Receiver) (string, error) {
		p := make([]byte, 5)
		err := r.ReceiveExactly(ctx, p)
		return string(p), err
	}, "abcd;"},
	{"ReceiveUntil", func(ctx context.Context, r *bufstream.Receiver) (string, error) {
		p, err := r.ReceiveUntil(ctx, []byte(";"))
		return string(p), err
	}, "abcd"},
	{"Peek", func(ctx context.Context, r *bufstream.Receiver) (string, error) {
		p, err := r.Peek(ctx, 5)
		return string(p), err
	}, "abcd;"},
}

func TestCancelLosesNothing(t *testing.T) {
	for _, op := range operations {
		t.Run(op.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, below := memstream.OneWay(nil)
				r := bufstream.NewReceiver(below, nil)
				for _, piece := range []string{"", "a", "bc", "d"} {
					require.NoError(t, s.SendAll(bg, []byte(piece)))
					ctx, cancel := context.WithCancel(t.Context())
					result := make(chan error)
					go func() {
						_, err := op.run(ctx, r)
						result <- err
					}()
					synctest.Wait()
					cancel()
					require.ErrorIs(t, <-result, context.Canceled)
				}
				require.Equal(t, "abcd", string(r.Buffered()))
				require.NoError(t, s.SendAll(bg, []byte(";")))
				got, err := op.run(bg, r)
				require.NoError(t, err)
				require.Equal(t, op.want, got)
			})
		})
	}
}

func TestEndInTheMiddle(t *testing.T) {
	for _, op := range operations {
		t.Run(op.name, func(t *testing.T) {
			r := receiver(io.EOF, "ab", "cd")
			_, err := op.run(bg, r)
			require.EqualError(t, err, "bufstream: receive: unexpected EOF")
			require.ErrorIs(t, err, io.ErrUnexpectedEOF)
			var opErr *abc.OpError
			require.ErrorAs(t, err, &opErr)
			require.Equal(t, "abcd", string(r.Buffered()))
			_, err = op.run(bg, r)
			require.ErrorIs(t, err, io.ErrUnexpectedEOF, "again")
			n, err := r.ReceiveSome(bg, make([]byte, 10))
			require.NoError(t, err)
			require.Equal(t, 4, n)
			_, err = op.run(bg, r)
			require.Equal(t, io.EOF, err, "between two items")
		})
	}
}

func TestReceiveExactly(t *testing.T) {
	for _, size := range []int{1, 15, 511, 512, 513, 4095, 4096, 4097, 10_000, 100_000} {
		for _, piece := range []int{1 << 20, 4096, 1000, 7} {
			p := pattern(3 * size)
			src := &source{err: io.EOF}
			for rest := string(p); rest != ""; {
				n := min(piece, len(rest))
				src.pieces = append(src.pieces, rest[:n])
				rest = rest[n:]
			}
			r := bufstream.NewReceiver(src, nil)
			got := make([]byte, size)
			for i := range 3 {
				require.NoError(t, r.ReceiveExactly(bg, got), "%d in pieces of %d", size, piece)
				require.Equal(t, p[i*size:(i+1)*size], got)
			}
			require.NoError(t, r.ReceiveExactly(bg, nil))
			require.Equal(t, io.EOF, r.ReceiveExactly(bg, got))
		}
	}
}

// What was received right into p is put back.
func TestReceiveExactlyPutsBack(t *testing.T) {
	for _, failing := range []error{io.EOF, &abc.OpError{Op: "receive", Transport: "source", Err: abc.ErrBroken}} {
		for _, size := range []int{100, 5000, 20_000} {
			all := string(pattern(size))
			r := receiver(failing, all[:50], all[50:])
			p := make([]byte, size+1)
			require.Error(t, r.ReceiveExactly(bg, p))
			require.Equal(t, all, string(r.Buffered()))
			clear(p)
			require.Equal(t, all, string(r.Buffered()), "a copy")
		}
	}
}

func TestReceiveUntil(t *testing.T) {
	r := receiver(io.EOF, "one--two-", "-", "-three--", "--", "end")
	for _, want := range []string{"one", "two", "-three", ""} {
		item, err := r.ReceiveUntil(bg, []byte("--"))
		require.NoError(t, err)
		require.Equal(t, want, string(item))
	}
	_, err := r.ReceiveUntil(bg, nil)
	require.EqualError(t, err, "bufstream: receive: the delimiter is empty")
}

// Also where the delimiter is buffered already, which AnyIO lets pass.
func TestLimit(t *testing.T) {
	for _, pieces := range [][]string{{"123456;7;"}, {"12345", "6;7;"}, {"1", "2", "3", "4", "5", "6", ";", "7", ";"}} {
		r := bufstream.NewReceiver(&source{pieces: pieces, err: io.EOF}, &bufstream.Options{Limit: 5})
		for range 2 {
			_, err := r.ReceiveUntil(bg, []byte(";"))
			require.EqualError(t, err, "bufstream: receive: longer than the limit of 5 bytes")
			var tooLong *bufstream.TooLongError
			require.ErrorAs(t, err, &tooLong)
		}
		_, err := r.Peek(bg, 6)
		require.Error(t, err)
		p, err := r.Peek(bg, 5)
		require.NoError(t, err)
		require.Equal(t, "12345", string(p))
		_, err = r.Discard(bg, 1)
		require.NoError(t, err)
		p, err = r.ReceiveUntil(bg, []byte(";"))
		require.NoError(t, err, "as long as the limit")
		require.Equal(t, "23456", string(p))
		p, err = r.ReceiveUntil(bg, []byte(";"))
		require.NoError(t, err)
		require.Equal(t, "7", string(p))
	}
	// As soon as it is known, whatever may come.
	r := bufstream.NewReceiver(&source{pieces: []string{"12345", "6"}, err: io.EOF}, &bufstream.Options{Limit: 5})
	_, err := r.ReceiveUntil(bg, []byte(";"))
	require.ErrorContains(t, err, "limit of 5 bytes")
	r = bufstream.NewReceiver(&source{pieces: []string{"12345", "-"}, err: io.EOF}, &bufstream.Options{Limit: 5})
	_, err = r.ReceiveUntil(bg, []byte("--"))
	require.ErrorIs(t, err, io.ErrUnexpectedEOF, "it could have been a delimiter")

	require.PanicsWithValue(t, "bufstream: a limit must not be negative, but for Unlimited", func() {
		bufstream.NewReceiver(&source{}, &bufstream.Options{Limit: -3})
	})
	r = bufstream.NewReceiver(&source{pieces: []string{strings.Repeat("x", 3<<20) + ";"}}, &bufstream.Options{Limit: bufstream.Unlimited})
	p, err := r.ReceiveUntil(bg, []byte(";"))
	require.NoError(t, err)
	require.Len(t, p, 3<<20)
}

func TestDiscard(t *testing.T) {
	r := receiver(io.EOF, "abc", "def", strings.Repeat("x", 2<<20), "end")
	n, err := r.Discard(bg, 2<<20+6)
	require.NoError(t, err)
	require.Equal(t, 2<<20+6, n)
	n, err = r.Discard(bg, 0)
	require.NoError(t, err)
	require.Zero(t, n)
	n, err = r.Discard(bg, 4)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	require.Equal(t, 3, n)
	n, err = r.Discard(bg, 4)
	require.Equal(t, io.EOF, err)
	require.Zero(t, n)
	_, err = r.Discard(bg, -1)
	require.EqualError(t, err, "bufstream: receive: a negative number of bytes")
	_, err = r.Peek(bg, -1)
	require.EqualError(t, err, "bufstream: receive: a negative number of bytes")
}

func TestUnread(t *testing.T) {
	r := receiver(io.EOF, "one;two;three;")
	for range 3 {
		item, err := r.ReceiveUntil(bg, []byte(";"))
		require.NoError(t, err)
		require.NoError(t, r.Unread(item))
		require.NoError(t, r.Unread([]byte("the ")))
		item, err = r.ReceiveUntil(bg, []byte("e"))
		require.NoError(t, err)
		require.Equal(t, "th", string(item))
		_, err = r.Discard(bg, 1)
		require.NoError(t, err)
	}
}

// Close may come from another goroutine than the one that looks at a line.
func TestViewOutlivesClose(t *testing.T) {
	for range 20 {
		r := receiver(io.EOF, "the line\n")
		line, err := r.ReceiveLine(bg)
		require.NoError(t, err)
		require.NoError(t, r.Close(bg))
		other := receiver(io.EOF, strings.Repeat("x", 512))
		_, err = other.Peek(bg, 512)
		require.NoError(t, err)
		require.Equal(t, "the line", string(line))
	}
}

func TestCloseReachesBelow(t *testing.T) {
	s, below := memstream.OneWay(nil)
	r := bufstream.NewReceiver(below, nil)
	require.Equal(t, below, r.Unwrap())
	require.NoError(t, r.Close(bg))
	require.NoError(t, r.Close(bg))
	require.ErrorIs(t, s.SendAll(bg, []byte("x")), abc.ErrBroken)
	require.PanicsWithValue(t, "bufstream: NewReceiver of a nil stream", func() { bufstream.NewReceiver(nil, nil) })
	require.PanicsWithValue(t, "bufstream: NewStream of a nil stream", func() { bufstream.NewStream(nil, nil) })
}
