package bufstream_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/bufstream"
	"github.com/tributary-go/tributary/memstream"
)

func TestReceiveIsCancelledInTheMiddleOfAMessage(t *testing.T) {
	for _, size := range []int{10, 100_000} { // buffered, and in memory of its own
		synctest.Test(t, func(t *testing.T) {
			a, b := memstream.Pair(&memstream.Options{Capacity: memstream.Unbounded})
			r := bufstream.NewMessageReceiver(b, prefix4, nil)
			p := pattern(size)
			frame, err := prefix4.Encode(nil, p)
			require.NoError(t, err)
			for i := 0; i < len(frame); i += max(1, len(frame)/10) {
				require.NoError(t, a.SendAll(t.Context(), frame[i:min(len(frame), i+max(1, len(frame)/10))]))
				if i+max(1, len(frame)/10) >= len(frame) {
					break
				}
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				_, err := r.Receive(ctx)
				require.ErrorIs(t, err, context.DeadlineExceeded)
				cancel()
			}
			require.NoError(t, a.SendAll(t.Context(), frame))
			for range 2 {
				m, err := r.Receive(t.Context())
				require.NoError(t, err)
				require.Equal(t, p, m)
			}
		})
	}
}

// A mixture of sizes, so that messages change between the two ways to be
// received, with views that stay until the next one.
func TestLargeAndSmallMessages(t *testing.T) {
	for name, opts := range map[string]*bufstream.MessageOptions{"copies": nil, "views": views} {
		t.Run(name, func(t *testing.T) {
			a, b := memstream.Pair(nil)
			s, r := bufstream.NewMessageSender(a, prefix4, nil), bufstream.NewMessageReceiver(b, prefix4, opts)
			sizes := []int{1, 100_000, 100_000, 0, 1 << 20, 10, 40_000, 1 << 20, 1 << 20, 32 << 10, 32<<10 - 4, 32<<10 - 5, 70_000, 5}
			var wg sync.WaitGroup
			defer wg.Wait()
			wg.Go(func() {
				for _, size := range sizes {
					if err := s.Send(context.Background(), pattern(size)); err != nil {
						panic(err)
					}
				}
				_ = s.Close(context.Background())
			})
			for _, size := range sizes {
				m, err := r.Receive(t.Context())
				require.NoError(t, err)
				require.True(t, bytes.Equal(pattern(size), m), "%d", size)
			}
			_, err := r.Receive(t.Context())
			require.Equal(t, io.EOF, err)
		})
	}
}

func TestCopiesBelongToTheReceiver(t *testing.T) {
	got, err := decodeAll(t, prefix4, nil, strings.Repeat("\x00\x00\x00\x03abc\x00\x00\x00\x03xyz", 100))
	require.Equal(t, io.EOF, err)
	for i, m := range got {
		require.Equal(t, []string{"abc", "xyz"}[i%2], string(m))
		_ = append(m, "overwritten"...)
	}
}

func TestMessagesLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := memstream.Pair(nil)
		s, r := bufstream.NewMessageStream(a, quads, nil), bufstream.NewMessageStream(b, quads, nil)
		for m := range 5 {
			require.NoError(t, s.Send(t.Context(), m))
		}
		next := 0
		for m, err := range r.Messages(t.Context()) {
			require.NoError(t, err)
			require.Equal(t, next, m)
			_, err = r.Receive(t.Context())
			require.ErrorIs(t, err, abc.ErrBusy)
			for _, err := range r.Messages(t.Context()) {
				require.ErrorIs(t, err, abc.ErrBusy)
			}
			if next++; next == 3 {
				break
			}
		}
		m, err := r.Receive(t.Context()) // nothing is lost, and it is free again
		require.NoError(t, err)
		require.Equal(t, 3, m)

		ctx, cancel := context.WithCancelCause(t.Context())
		defer cancel(nil)
		var errs []error
		for m, err := range r.Messages(ctx) {
			if err == nil {
				require.Equal(t, 4, m)
				time.AfterFunc(time.Second, func() { cancel(errCause) })
			}
			errs = append(errs, err)
		}
		require.Len(t, errs, 2)
		require.ErrorIs(t, errs[1], errCause)

		require.NoError(t, s.Send(t.Context(), 5))
		require.NoError(t, s.Send(t.Context(), 6))
		errs = nil
		for _, err := range r.Messages(t.Context()) {
			errs = append(errs, err)
			require.NoError(t, r.Close(t.Context()))
		}
		require.Len(t, errs, 2, "6 is not yielded any more")
		require.ErrorIs(t, errs[1], abc.ErrClosed)

		for _, err := range bufstream.NewMessageReceiver(&source{err: io.EOF}, quads, nil).Messages(t.Context()) {
			t.Fatal(err)
		}
	})
}

// Who waited before a loop began waits until it is over, and is an ordinary
// Receive then.
func TestMessagesLoopAndTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := memstream.Pair(nil)
		s, r := bufstream.NewMessageSender(a, quads, nil), bufstream.NewMessageReceiver(b, quads, nil)
		got := make(chan int, 5)
		receive := func() {
			m, err := r.Receive(t.Context())
			if err != nil {
				panic(err)
			}
			got <- m
		}
		leave := make(chan struct{})
		go receive()
		synctest.Wait()
		go func() {
			for m := range r.Messages(t.Context()) {
				got <- m
				<-leave
				break
			}
		}()
		synctest.Wait()
		go receive()
		synctest.Wait()
		for m := range 2 {
			require.NoError(t, s.Send(t.Context(), m))
			require.Equal(t, m, <-got)
		}
		synctest.Wait() // inside the loop
		_, err := r.Receive(t.Context())
		require.ErrorIs(t, err, abc.ErrBusy)
		close(leave)
		synctest.Wait() // inside the Receive that waited
		go receive()
		synctest.Wait()
		for m := range 2 {
			require.NoError(t, s.Send(t.Context(), m+2))
			require.Equal(t, m+2, <-got)
		}
	})
}

// What a Receiver has buffered comes first, and what is received ahead stays
// there, for another protocol.
func TestMessagesOverAReceiverAndBack(t *testing.T) {
	const all = "HELLO\r\n" + "\x00\x00\x00\x02hi\x00\x00\x00\x02ho" + "BYE\r\n"
	for name, pieces := range map[string][]string{"whole": {all}, "bytes": byByte(all)} {
		r := bufstream.NewReceiver(&source{pieces: pieces, err: io.EOF}, nil)
		line, err := r.ReceiveUntil(bg, []byte("\r\n"))
		require.NoError(t, err, name)
		require.Equal(t, "HELLO", string(line), name)
		messages := bufstream.NewMessageReceiver(r, prefix4, nil)
		for _, want := range []string{"hi", "ho"} {
			m, err := messages.Receive(bg)
			require.NoError(t, err, name)
			require.Equal(t, want, string(m), name)
		}
		line, err = r.ReceiveUntil(bg, []byte("\r\n"))
		require.NoError(t, err, name)
		require.Equal(t, "BYE", string(line), name)
	}

	// Over a Stream of this package a message waits for Flush.
	a, b := memstream.Pair(nil)
	s := bufstream.NewStream(a, nil)
	m := bufstream.NewMessageStream(s, bufstream.Lines(), nil)
	require.NoError(t, m.Send(bg, "one"))
	require.NoError(t, m.Send(bg, "two"))
	require.NoError(t, b.SendAll(bg, []byte("three\nrest")))
	require.NoError(t, s.Flush(bg))
	require.Equal(t, "one\ntwo\n", receiveN(t, b, 8))
	three, err := m.Receive(bg)
	require.NoError(t, err)
	require.Equal(t, "three", three)
	require.Equal(t, "rest", string(s.Buffered()))
	require.NoError(t, m.Close(bg))
	_, err = s.ReceiveSome(bg, make([]byte, 1))
	require.ErrorIs(t, err, abc.ErrClosed)
}

// One who announces a million bytes and sends a few gets room for a few.
func TestHostilePrefixAllocatesNothing(t *testing.T) {
	frames := map[string]bufstream.Codec[[]byte]{
		"\x00\x10\x00\x00":                 prefix4,
		"\x80\x80\x40":                     bufstream.UvarintPrefixed(),
		"1048576:":                         bufstream.Netstrings(),
		"\x00\x00\x00\x00\x00\x10\x00\x00": byteCodecs["prefix 8"].codec,
	}
	for frame, codec := range frames {
		src := &source{pieces: byByte(frame + "some bytes"), err: errCause}
		r := bufstream.NewMessageReceiver(src, codec, nil)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := r.Receive(bg)
		runtime.ReadMemStats(&after)
		require.ErrorIs(t, err, errCause)
		require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(256<<10), "%q", frame)
	}
	for _, frame := range []string{"\xff\xff\xff\xff\xff\xff\xff\xff", "\x7f\xff\xff\xff\xff\xff\xff\xff", "\x00\x00\x00\x00\x00\x10\x00\x01"} {
		_, err := decodeAll(t, byteCodecs["prefix 8"].codec, nil, frame)
		requireTooLong(t, err, bufstream.DefaultLimit)
		_, err = decodeAll(t, byteCodecs["prefix 8"].codec, &bufstream.MessageOptions{Limit: bufstream.Unlimited}, frame+"abc")
		if frame[0] != 0 {
			require.ErrorAs(t, err, new(*bufstream.TooLongError), "longer than what there can be")
		} else {
			require.ErrorIs(t, err, io.ErrUnexpectedEOF)
		}
	}
}

// How much is looked at again when a message comes byte by byte: nothing.
func TestLongMessagesByteByByteAreLinear(t *testing.T) {
	const size = 1 << 20 // quadratic, it would be hours
	for name, test := range map[string]struct {
		text    string
		receive func(r abc.ReceiveStream) error
	}{
		"lines": {strings.Repeat("x", size-1) + "\n", receiveOne(bufstream.Lines())},
		"CRLF":  {strings.Repeat("x\r", size/2-1) + "\r\n", receiveOne(bufstream.Delimited([]byte("\r\n")))},
		"JSON":  {`["` + strings.Repeat(`\n`, size/2-2) + `"]`, receiveOne(bufstream.JSON[[]string]())},
		"large": {"\x00\x10\x00\x00" + strings.Repeat("x", size), receiveOne(prefix4)},
	} {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, test.receive(&loop{p: []byte(test.text), most: 1}))
		})
	}
}

func receiveOne[T any](codec bufstream.Codec[T]) func(abc.ReceiveStream) error {
	return func(s abc.ReceiveStream) error {
		_, err := bufstream.NewMessageReceiver(s, codec, nil).Receive(bg)
		return err
	}
}

// A context that outlives a closed stream does not keep it.
func TestCloseLetsGoOfContexts(t *testing.T) {
	for name, open := range map[string]func(abc.Stream) (op func(context.Context), close func(context.Context) error){
		"MessageStream": func(s abc.Stream) (func(context.Context), func(context.Context) error) {
			m := bufstream.NewMessageStream(s, quads, nil)
			return func(ctx context.Context) { _, _ = m.Receive(ctx) }, m.Close
		},
		"IdleTimeout": func(s abc.Stream) (func(context.Context), func(context.Context) error) {
			m := bufstream.IdleTimeout(s, idle)
			return func(ctx context.Context) { _, _ = m.ReceiveSome(ctx, make([]byte, 1)) }, m.Close
		},
	} {
		t.Run(name, func(t *testing.T) {
			ctx := &countingContext{Context: t.Context(), done: make(chan struct{})}
			a, b := memstream.Pair(nil)
			require.NoError(t, a.SendAll(bg, make([]byte, 8)))
			op, close := open(b)
			op(ctx)
			require.EqualValues(t, 1, ctx.registered.Load())
			require.NoError(t, close(bg))
			require.Zero(t, ctx.registered.Load())
		})
	}
}

// A countingContext counts the contexts that descend from it.
type countingContext struct {
	context.Context
	done       chan struct{}
	registered atomic.Int64
}

func (c *countingContext) Done() <-chan struct{} { return c.done }

func (c *countingContext) AfterFunc(func()) (stop func() bool) {
	c.registered.Add(1)
	return func() bool { c.registered.Add(-1); return true }
}

// What a codec panics with does not keep the turn.
func TestCodecThatPanics(t *testing.T) {
	codec := bufstream.Codec[int]{
		Encode: func(dst []byte, m int) ([]byte, error) { return append(dst, []byte("ab")[m]), nil },
		Decode: func(b []byte, _ *bufstream.Scan) (int, int, error) { return []int{1, 2}[b[0]-'a'], 1, nil },
	}
	a, b := memstream.Pair(nil)
	s, r := bufstream.NewMessageStream(a, codec, nil), bufstream.NewMessageStream(b, codec, nil)
	require.Panics(t, func() { _ = s.Send(bg, 2) })
	require.NoError(t, s.Send(bg, 1))
	m, err := r.Receive(bg)
	require.NoError(t, err)
	require.Equal(t, 2, m)
	bad := bufstream.NewMessageReceiver(&source{pieces: []string{"x"}}, codec, nil)
	for range 2 {
		require.Panics(t, func() { _, _ = bad.Receive(bg) })
	}
}

func TestMessagesUnwrap(t *testing.T) {
	a, b := memstream.Pair(nil)
	s, r := bufstream.NewMessageSender(bufstream.Locked(a), prefix4, nil), bufstream.NewMessageReceiver(b, prefix4, nil)
	for _, x := range []abc.AsyncResource{s, r, bufstream.NewMessageStream(bufstream.IdleTimeout(a, 1), prefix4, nil)} {
		_, ok := abc.As[*memstream.Stream](x)
		require.True(t, ok)
	}
	require.NoError(t, s.SendEOF(bg))
	require.NoError(t, s.SendEOF(bg))
	require.ErrorIs(t, s.Send(bg, nil), abc.ErrClosed)
	require.NoError(t, errors.Join(s.Close(bg), r.Close(bg)))
}
