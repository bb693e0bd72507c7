package bufstream_test

import (
	"bytes"
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/bufstream"
	"github.com/tributary-go/tributary/memstream"
)

// A sink records what is sent, as "held|p" where it came as a vector.
type sink struct {
	mu     sync.Mutex
	sends  []string
	last   [][]byte // the last vector itself
	err    error    // what the next send returns
	closed bool
}

func (s *sink) SendAll(ctx context.Context, p []byte) error {
	return s.SendVector(ctx, [][]byte{p})
}

func (s *sink) SendVector(ctx context.Context, bufs [][]byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return s.err
	}
	s.last = slices.Clone(bufs)
	s.sends = append(s.sends, string(bytes.Join(bufs, []byte("|"))))
	return nil
}

func (s *sink) sent() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.sends)
}

func (s *sink) Close(context.Context) error {
	s.closed = true
	return nil
}

func TestSenderGathers(t *testing.T) {
	below := &sink{}
	s := bufstream.NewSender(below, &bufstream.SenderOptions{Size: 10})
	send := func(p string) { require.NoError(t, s.SendAll(bg, []byte(p))) }
	send("12345")
	send("67890")
	require.Empty(t, below.sends, "it fits")
	send("")
	send("12345")
	require.Equal(t, []string{"1234567890"}, below.sends)
	send("678901")
	require.Equal(t, "12345|678901", below.sends[1], "more than half of it goes along")
	send("abc")
	require.NoError(t, s.SendVector(bg, [][]byte{[]byte("de"), nil, []byte("fg")}))
	require.Len(t, below.sends, 2)
	require.NoError(t, s.SendVector(bg, [][]byte{[]byte("hi"), []byte("jklm")}))
	require.Equal(t, "abcdefg|hi|jklm", below.sends[2])
	send("nopqrstu")
	require.NoError(t, s.SendVector(bg, [][]byte{[]byte("vw"), nil, []byte("x")}))
	require.Equal(t, "nopqrstu", below.sends[3])
	require.NoError(t, s.Flush(bg))
	require.Equal(t, "vwx", below.sends[4])
	require.NoError(t, s.Flush(bg))
	require.Len(t, below.sends, 5, "there was nothing to flush")
	send("the end")
	require.NoError(t, s.Close(bg))
	require.Equal(t, "the end", below.sends[5])
	require.True(t, below.closed)
}

// The caller's own memory is what is sent, and nothing of it is kept.
func TestSenderDoesNotCopyWhatIsLarge(t *testing.T) {
	below := &sink{}
	s := bufstream.NewSender(below, nil)
	p := make([]byte, 1<<20)
	require.NoError(t, s.SendAll(bg, p))
	require.Same(t, &p[0], &below.last[0][0])
	require.NoError(t, s.SendAll(bg, []byte("header")))
	require.NoError(t, s.SendAll(bg, p))
	require.Len(t, below.last, 2)
	require.Equal(t, "header", string(below.last[0]))
	require.Same(t, &p[0], &below.last[1][0])
}

func TestSenderOptions(t *testing.T) {
	for _, opts := range []bufstream.SenderOptions{{Size: -1}, {FlushAfter: -1}} {
		require.PanicsWithValue(t, "bufstream: nothing in SenderOptions may be negative", func() {
			bufstream.NewSender(&sink{}, &opts)
		})
	}
	require.PanicsWithValue(t, "bufstream: NewSender of a nil stream", func() { bufstream.NewSender(nil, nil) })
	below := &sink{}
	s := bufstream.NewSender(below, nil)
	require.NoError(t, s.SendAll(bg, make([]byte, 16<<10)))
	require.Empty(t, below.sends, "16 KiB by default")
	require.Equal(t, below, s.Unwrap())
}

// A narrow stream takes so many bytes at each send, and then waits for the end of
// the context.
type narrow struct {
	room int
	got  []byte
}

func (s *narrow) SendAll(ctx context.Context, p []byte) error {
	n := min(s.room, len(p))
	s.got = append(s.got, p[:n]...)
	s.room -= n
	if n == len(p) {
		return nil
	}
	<-ctx.Done()
	return &abc.OpError{Op: "send", Transport: "narrow", Sent: n, Err: abc.ContextErr(ctx)}
}

func (s *narrow) Close(context.Context) error { return nil }

// A send is cut off at each place, in what was held and in what is its own.
func TestSenderCountsItsOwnBytes(t *testing.T) {
	for _, size := range []int{10, 50_000} { // the latter goes in two sends
		for room := 0; room < 30; room++ {
			synctest.Test(t, func(t *testing.T) {
				below := &narrow{room: room}
				s := bufstream.NewSender(below, &bufstream.SenderOptions{Size: 15})
				require.NoError(t, s.SendAll(bg, []byte("0123456789")))
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				p := pattern(size)
				err := s.SendAll(ctx, p)
				var want string
				if room >= 10+size {
					require.NoError(t, err)
					want = "0123456789" + string(p) + "next"
				} else {
					require.ErrorIs(t, err, context.DeadlineExceeded)
					sent := max(0, room-10)
					require.Equal(t, sent, abc.Sent(err))
					require.ErrorContains(t, err, "narrow: send: ")
					want = "0123456789" + string(p[:sent]) + "next"
				}
				below.room = 100
				require.NoError(t, s.SendAll(bg, []byte("next")))
				require.NoError(t, s.Close(bg))
				require.Equal(t, want, string(below.got))
			})
		}
	}
}

// Once broken always broken, also for what would only be held.
func TestSenderStaysBroken(t *testing.T) {
	below, r := memstream.OneWay(nil)
	s := bufstream.NewSender(below, nil)
	require.NoError(t, r.Close(bg))
	require.NoError(t, s.SendAll(bg, []byte("nobody knows yet")))
	require.ErrorIs(t, s.Flush(bg), abc.ErrBroken)
	require.ErrorIs(t, s.SendAll(bg, []byte("x")), abc.ErrBroken)
	require.ErrorIs(t, s.Close(bg), abc.ErrBroken)
}

func TestUnknownPosition(t *testing.T) {
	ctx, cancel := context.WithCancel(bg)
	below := &sink{err: &abc.OpError{Op: "send", Transport: "sink", Sent: -1, Err: context.Canceled}}
	s := bufstream.NewSender(cancelling{below, cancel}, nil)
	require.NoError(t, s.SendAll(bg, []byte("held")))
	err := s.SendAll(ctx, make([]byte, 20_000))
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, -1, abc.Sent(err))
	below.err = nil
	require.ErrorIs(t, s.SendAll(bg, []byte("x")), abc.ErrBroken, "it would be who knows where")
	require.ErrorIs(t, s.Close(bg), abc.ErrBroken)
	require.Empty(t, below.sends)
}

// A cancelling sink has the context end while it sends.
type cancelling struct {
	*sink
	cancel context.CancelFunc
}

func (c cancelling) SendVector(ctx context.Context, bufs [][]byte) error {
	c.cancel()
	return c.sink.SendVector(ctx, bufs)
}

// The cause of a context may be the error of another stream.
func TestSenderErrorsKeepTheContext(t *testing.T) {
	cause := &abc.OpError{Op: "receive", Transport: "other", Err: abc.ErrBroken}
	ctx, cancel := context.WithCancelCause(bg)
	cancel(cause)
	s := bufstream.NewStream(struct{ abc.Stream }{}, nil)
	for _, err := range []error{s.SendAll(ctx, []byte("x")), s.SendAll(ctx, nil), s.Flush(ctx), s.WaitSendable(ctx), s.SendEOF(ctx)} {
		require.ErrorIs(t, err, context.Canceled)
		require.ErrorIs(t, err, cause)
		require.ErrorContains(t, err, "bufstream: ")
	}
}
