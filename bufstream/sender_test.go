package bufstream_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/bufstream"
	"github.com/tributary-go/tributary/closeutil"
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
	send("!")
	require.Equal(t, []string{"1234567890|!"}, below.sends)
	send("abc")
	require.NoError(t, s.SendVector(bg, [][]byte{[]byte("de"), nil, []byte("fg")}))
	require.Len(t, below.sends, 1)
	require.NoError(t, s.SendVector(bg, [][]byte{[]byte("hi"), []byte("jklm")}))
	require.Equal(t, "abcdefg|hi|jklm", below.sends[1])
	require.NoError(t, s.Flush(bg))
	require.Len(t, below.sends, 2, "there was nothing to flush")
	send("xyz")
	require.NoError(t, s.Flush(bg))
	require.Equal(t, "xyz", below.sends[2])
	send("the end")
	require.NoError(t, s.Close(bg))
	require.Equal(t, "the end", below.sends[3])
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

func TestCancelledFlushGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		below, r := memstream.OneWay(&memstream.Options{Capacity: 4})
		s := bufstream.NewSender(below, nil)
		require.NoError(t, s.SendAll(bg, []byte("0123456789")))
		for range 3 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			err := s.Flush(ctx)
			cancel()
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.Zero(t, abc.Sent(err))
		}
		require.NoError(t, s.SendAll(bg, []byte("abc")), "there is room to hold it")
		flushed := make(chan error)
		go func() { flushed <- s.Flush(bg) }()
		got := ""
		for p := make([]byte, 100); len(got) < 13; {
			n, err := r.ReceiveSome(bg, p)
			require.NoError(t, err)
			got += string(p[:n])
		}
		require.NoError(t, <-flushed)
		require.Equal(t, "0123456789abc", got)
	})
}

// Whatever is cancelled whenever, the peer gets what was accepted, in order.
func TestSenderUnderRandomCancellation(t *testing.T) {
	for seed := range uint64(200) {
		synctest.Test(t, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(seed, 1))
			below, r := memstream.OneWay(&memstream.Options{Capacity: 1 + rng.IntN(30)})
			opts := &bufstream.SenderOptions{Size: 1 + rng.IntN(40)}
			if seed%2 == 0 {
				opts.FlushAfter = time.Duration(1+rng.IntN(5)) * time.Millisecond
			}
			s := bufstream.NewSender(below, opts)
			received := make(chan string)
			slow := rand.New(rand.NewPCG(seed, 2))
			go func() {
				got := ""
				for p := make([]byte, 16); ; {
					time.Sleep(time.Duration(slow.IntN(3)) * time.Millisecond)
					n, err := r.ReceiveSome(bg, p[:1+slow.IntN(16)])
					if got += string(p[:n]); err != nil {
						received <- got
						return
					}
				}
			}()
			want := ""
			for range 60 {
				ctx, cancel := context.WithTimeout(bg, time.Duration(rng.IntN(4))*time.Millisecond)
				p := pattern(rng.IntN(50))
				err := s.SendAll(ctx, p)
				sent := len(p)
				if err != nil {
					require.ErrorIs(t, err, context.DeadlineExceeded)
					sent = abc.Sent(err)
				}
				want += string(p[:sent])
				clear(p)
				if rng.IntN(4) == 0 {
					if err := s.Flush(ctx); err != nil {
						require.ErrorIs(t, err, context.DeadlineExceeded)
					}
				}
				cancel()
			}
			require.NoError(t, s.Close(bg))
			require.Equal(t, want, <-received, "seed %d", seed)
		})
	}
}

func TestFlushAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		below := &sink{}
		s := bufstream.NewSender(below, &bufstream.SenderOptions{FlushAfter: time.Second})
		for range 4 { // a later send does not put it off
			require.NoError(t, s.SendAll(bg, []byte("x")))
			time.Sleep(300 * time.Millisecond)
			synctest.Wait()
		}
		require.Equal(t, []string{"xxxx"}, below.sent())

		// What a Flush sent leaves the timer running, but it is no one's.
		require.NoError(t, s.SendAll(bg, []byte("a")))
		time.Sleep(500 * time.Millisecond)
		require.NoError(t, s.Flush(bg))
		require.NoError(t, s.SendAll(bg, []byte("b")))
		time.Sleep(999 * time.Millisecond)
		synctest.Wait()
		require.Equal(t, []string{"xxxx", "a"}, below.sent())
		time.Sleep(time.Millisecond)
		synctest.Wait()
		require.Equal(t, []string{"xxxx", "a", "b"}, below.sent())

		require.NoError(t, s.SendAll(bg, []byte("c")))
		start := time.Now()
		require.NoError(t, s.Close(bg))
		require.Zero(t, time.Since(start), "it waits for no timer")
		time.Sleep(time.Hour)
		require.Equal(t, []string{"xxxx", "a", "b", "c"}, below.sent())
	})
}

func TestErrorOfTheBackgroundSurfaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := &abc.OpError{Op: "send", Transport: "sink", Sent: 1, Err: abc.Broken(io.ErrClosedPipe)}
		below := &sink{err: broken}
		s := bufstream.NewSender(below, &bufstream.SenderOptions{FlushAfter: time.Second})
		require.NoError(t, s.SendAll(bg, []byte("abc")))
		time.Sleep(time.Second)
		synctest.Wait()
		for _, err := range []error{s.SendAll(bg, []byte("x")), s.SendAll(bg, nil), s.Flush(bg), s.WaitSendable(bg)} {
			require.ErrorIs(t, err, abc.ErrBroken)
			require.ErrorIs(t, err, io.ErrClosedPipe)
			require.Zero(t, abc.Sent(err), "of this operation")
		}
		require.ErrorIs(t, s.Close(bg), abc.ErrBroken, "two bytes are lost")
		require.True(t, below.closed)
		require.NoError(t, s.Close(bg))
	})
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

func TestSendWaitsForTheBackground(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		below, r := memstream.OneWay(&memstream.Options{Capacity: memstream.Lockstep})
		s := bufstream.NewSender(below, &bufstream.SenderOptions{FlushAfter: time.Second})
		require.NoError(t, s.SendAll(bg, []byte("first ")))
		time.Sleep(time.Second)
		synctest.Wait() // it is blocked now

		require.NoError(t, s.SendAll(bg, nil), "for which there is nothing to wait")
		ctx, cancel := context.WithTimeout(bg, time.Second)
		defer cancel()
		err := s.SendAll(ctx, []byte("lost"))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Zero(t, abc.Sent(err))

		sent := make(chan error)
		go func() { sent <- s.SendAll(bg, []byte("second")) }()
		synctest.Wait()
		require.ErrorIs(t, s.SendAll(bg, []byte("x")), abc.ErrBusy)
		require.ErrorIs(t, s.Flush(bg), abc.ErrBusy)
		received := make(chan string)
		go func() {
			got, _ := receiveAll(r)
			received <- got
		}()
		require.NoError(t, <-sent)
		require.NoError(t, s.Close(bg))
		require.Equal(t, "first second", <-received)
	})
}

func TestCloseWhileTheBackgroundSends(t *testing.T) {
	for name, graceful := range map[string]bool{"graceful": true, "forceful": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				below, r := memstream.OneWay(&memstream.Options{Capacity: 4})
				s := bufstream.NewSender(below, &bufstream.SenderOptions{FlushAfter: time.Second})
				require.NoError(t, s.SendAll(bg, []byte("0123456789")))
				time.Sleep(time.Second)
				synctest.Wait() // it is blocked now
				waiting := make(chan error)
				go func() { waiting <- s.SendAll(bg, []byte("x")) }()
				synctest.Wait()
				closed := make(chan error, 1)
				go func() {
					ctx, cancel := context.WithCancel(bg)
					defer cancel()
					if !graceful {
						cancel()
					}
					closed <- s.Close(ctx)
				}()
				require.ErrorIs(t, <-waiting, abc.ErrClosed)
				synctest.Wait()
				if !graceful {
					require.ErrorIs(t, <-closed, context.Canceled, "six bytes were dropped")
					return
				}
				require.Empty(t, closed, "it waits")
				got, err := receiveAll(r)
				require.Equal(t, io.EOF, err)
				require.Equal(t, "0123456789", got)
				require.NoError(t, <-closed)
			})
		})
	}
}

func TestForcefulCloseDropsWhatIsHeld(t *testing.T) {
	done, cancel := context.WithCancel(bg)
	cancel()
	below := &sink{}
	s := bufstream.NewSender(below, nil)
	require.NoError(t, s.SendAll(bg, []byte("held")))
	require.ErrorIs(t, s.Close(done), context.Canceled)
	require.True(t, below.closed)
	require.Empty(t, below.sends)
	require.NoError(t, s.Close(done), "once it is closed")

	s = bufstream.NewSender(&sink{}, nil)
	require.NoError(t, s.Close(done), "nothing was held")
	s = bufstream.NewSender(&sink{}, nil)
	require.NoError(t, s.SendAll(bg, []byte("held")))
	require.NoError(t, closeutil.CloseForcefully(s))
}

func TestCloseWithinItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		below, r := memstream.OneWay(&memstream.Options{Capacity: 4})
		s := bufstream.NewSender(below, nil)
		require.NoError(t, s.SendAll(bg, []byte("0123456789")))
		ctx, cancel := context.WithTimeout(bg, time.Second)
		defer cancel()
		require.ErrorIs(t, s.Close(ctx), context.DeadlineExceeded)
		got, err := receiveAll(r)
		require.Empty(t, got)
		require.Equal(t, io.EOF, err)
	})
}

func TestCloseDuringASend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		below, r := memstream.OneWay(&memstream.Options{Capacity: 4})
		s := bufstream.NewSender(below, nil)
		require.NoError(t, s.SendAll(bg, []byte("0123456789")))
		sent := make(chan error)
		go func() { sent <- s.SendAll(bg, make([]byte, 20_000)) }()
		synctest.Wait()
		err := s.Close(bg)
		require.ErrorIs(t, err, abc.ErrBroken)
		require.EqualError(t, err, "bufstream: close: connection broken: a send was in progress, so what was gathered before it is lost")
		err = <-sent
		require.ErrorIs(t, err, abc.ErrClosed)
		require.Zero(t, abc.Sent(err))
		got, _ := receiveAll(r)
		require.Empty(t, got)
	})
}

func TestStreamSendEOF(t *testing.T) {
	a, b := memstream.Pair(nil)
	s := bufstream.NewStream(a, nil)
	require.NoError(t, s.SendAll(bg, []byte("all of it")))
	require.NoError(t, s.SendEOF(bg))
	require.NoError(t, s.SendEOF(bg), "again")
	require.ErrorIs(t, s.SendAll(bg, []byte("x")), abc.ErrClosed)
	require.ErrorIs(t, s.Flush(bg), abc.ErrClosed)
	got, err := receiveAll(b)
	require.Equal(t, "all of it", got)
	require.Equal(t, io.EOF, err)
	require.NoError(t, b.SendAll(bg, []byte("answer\n")))
	line, err := s.ReceiveLine(bg)
	require.NoError(t, err)
	require.Equal(t, "answer", string(line))
	require.NoError(t, s.Close(bg))
	require.ErrorIs(t, s.SendEOF(bg), abc.ErrClosed)
}

// The receiving half ends when Close begins, not when what is held was sent.
func TestNothingIsReceivedWhileClosing(t *testing.T) {
	for name, op := range every {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, b := memstream.Pair(&memstream.Options{Capacity: 4})
				s := bufstream.NewStream(a, nil)
				require.NoError(t, s.SendAll(bg, []byte("good-bye")))
				received := make(chan error)
				go func() { received <- op(bg, s.Receiver) }()
				synctest.Wait()
				closed := make(chan error, 1)
				go func() { closed <- s.Close(bg) }()
				synctest.Wait()
				require.NoError(t, b.SendAll(bg, []byte("1\n")))
				require.ErrorIs(t, <-received, abc.ErrClosed)
				got, err := receiveAll(b)
				require.Equal(t, io.EOF, err)
				require.Equal(t, "good-bye", got)
				require.NoError(t, <-closed)
			})
		})
	}
}

// noEOF is a stream that cannot end one direction alone.
type noEOF struct{ abc.Stream }

func (noEOF) SendEOF(context.Context) error {
	return &abc.OpError{Op: "send EOF", Transport: "noEOF", Err: errors.ErrUnsupported}
}

func TestStreamSendEOFUnsupported(t *testing.T) {
	a, b := memstream.Pair(nil)
	s := bufstream.NewStream(noEOF{a}, nil)
	for _, p := range []string{"one", "two"} {
		require.NoError(t, s.SendAll(bg, []byte(p)))
		require.ErrorIs(t, s.SendEOF(bg), errors.ErrUnsupported)
	}
	require.NoError(t, s.Close(bg))
	got, _ := receiveAll(b)
	require.Equal(t, "onetwo", got)
}

func TestStreamDetach(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := memstream.Pair(nil)
		s := bufstream.NewStream(a, &bufstream.StreamOptions{Sender: bufstream.SenderOptions{FlushAfter: time.Second}})
		require.NoError(t, b.SendAll(bg, []byte("line\nrest")))
		_, err := s.ReceiveLine(bg)
		require.NoError(t, err)
		require.NoError(t, s.SendAll(bg, []byte("held")))
		busy := make(chan error)
		ctx, cancel := context.WithCancel(bg)
		go func() { busy <- s.ReceiveExactly(ctx, make([]byte, 10)) }()
		synctest.Wait()
		_, _, err = s.Detach(bg)
		require.ErrorIs(t, err, abc.ErrBusy)
		cancel()
		require.ErrorIs(t, <-busy, context.Canceled)

		prebuffered, below, err := s.Detach(bg)
		require.NoError(t, err)
		require.Equal(t, "rest", string(prebuffered))
		require.Same(t, a, below)
		require.NoError(t, s.Close(bg))
		require.ErrorIs(t, s.SendAll(bg, []byte("x")), abc.ErrClosed)
		_, _, err = s.Detach(bg)
		require.ErrorIs(t, err, abc.ErrClosed)
		require.NoError(t, a.SendAll(bg, []byte(" and more")))
		require.NoError(t, a.Close(bg))
		got, _ := receiveAll(b)
		require.Equal(t, "held and more", got)
	})
}

func receiveAll(r abc.ReceiveStream) (string, error) {
	var all strings.Builder
	for p := make([]byte, 4096); ; {
		n, err := r.ReceiveSome(bg, p)
		all.Write(p[:n])
		if err != nil {
			return all.String(), err
		}
	}
}
