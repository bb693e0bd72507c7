package bufstream_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/abc/abctest"
	"github.com/tributary-go/tributary/bufstream"
	"github.com/tributary-go/tributary/memstream"
)

const idle = 30 * time.Second

func TestIdleTimeoutConformance(t *testing.T) {
	for _, capacity := range []int{0, memstream.Lockstep} {
		opts := &memstream.Options{Capacity: capacity}
		abctest.TestStream(t, func(testing.TB) (a, b abc.Stream) {
			a, b = memstream.Pair(opts)
			return bufstream.IdleTimeout(a, time.Hour), bufstream.IdleTimeout(b, time.Hour)
		}, abctest.Caps{MakeClogged: func() (abc.SendStream, abc.ReceiveStream, error) {
			a, b := memstream.Pair(&memstream.Options{Capacity: memstream.Lockstep})
			return bufstream.IdleTimeout(a, time.Hour), b, nil
		}})
	}
}

// The limit is shorter than what the suite's sends and receives wait for, so
// that windows end again and again while there is progress: a byte at a time.
func TestIdleTimeoutConformanceWithShortWindows(t *testing.T) {
	abctest.TestOneWay(t, func(testing.TB) (abc.SendStream, abc.ReceiveStream) {
		a, b := memstream.Pair(&memstream.Options{Capacity: 1 << 10})
		return renewing{bufstream.IdleTimeout(a, time.Millisecond)}, b
	}, abctest.Caps{})
}

// renewing goes on after each time-out.
type renewing struct{ *bufstream.TimedStream }

func (r renewing) SendAll(ctx context.Context, p []byte) error {
	for sent := 0; ; {
		err := r.TimedStream.SendAll(ctx, p[sent:])
		if err == nil {
			return nil
		}
		n := abc.Sent(err)
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			return &abc.OpError{Op: "send", Transport: "renewing", Sent: sent + n, Err: err.(*abc.OpError).Err}
		}
		sent += n
	}
}

func (r renewing) WaitSendable(ctx context.Context) error {
	for {
		if err := r.TimedStream.WaitSendable(ctx); !errors.Is(err, os.ErrDeadlineExceeded) {
			return err
		}
	}
}

func requireIdle(t *testing.T, err error) {
	t.Helper()
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	require.ErrorIs(t, err, abc.ErrBroken)
	require.NotErrorIs(t, err, context.DeadlineExceeded)
	require.NotErrorIs(t, err, context.Canceled)
	require.NotErrorIs(t, err, abc.ErrClosed)
	var timeout interface{ Timeout() bool }
	require.ErrorAs(t, err, &timeout)
	require.True(t, timeout.Timeout())
	require.ErrorContains(t, err, "no progress for 30s")
}

func TestIdleReceive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := memstream.Pair(nil)
		s := bufstream.IdleTimeout(b, idle)
		buf := make([]byte, 8)
		for range 3 { // it stays usable
			start := time.Now()
			_, err := s.ReceiveSome(t.Context(), buf)
			requireIdle(t, err)
			require.Equal(t, 0, abc.Sent(err))
			require.Equal(t, idle, time.Since(start))
			time.Sleep(10 * idle) // which does not count
			require.NoError(t, a.SendAll(t.Context(), []byte("x")))
			n, err := s.ReceiveSome(t.Context(), buf)
			require.NoError(t, err)
			require.Equal(t, "x", string(buf[:n]))
		}
		// Each receive has the whole of d, also when a timer runs from one before.
		go func() {
			for range 10 {
				time.Sleep(idle - 1)
				_ = a.SendAll(t.Context(), []byte("y"))
			}
		}()
		start := time.Now()
		require.Equal(t, "yyyyyyyyyy", receiveN(t, s, 10))
		require.Equal(t, 10*(idle-1), time.Since(start))
	})
}

func TestIdleSendThatMovesOn(t *testing.T) {
	for name, send := range sends {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const total = 200
				a, b := lockstep()
				s := bufstream.IdleTimeout(a, idle)
				p := pattern(total)
				var wg sync.WaitGroup
				var got []byte
				wg.Go(func() {
					buf := make([]byte, 1)
					for range total {
						time.Sleep(idle - 1)
						if _, err := b.ReceiveSome(t.Context(), buf); err != nil {
							panic(err)
						}
						got = append(got, buf...)
					}
				})
				start := time.Now()
				require.NoError(t, send(t.Context(), s, p))
				require.Equal(t, total*(idle-1), time.Since(start))
				wg.Wait()
				require.Equal(t, p, got)
			})
		})
	}
}

// sends are the two ways to send p. The vector has empty parts.
var sends = map[string]func(context.Context, *bufstream.TimedStream, []byte) error{
	"SendAll": func(ctx context.Context, s *bufstream.TimedStream, p []byte) error { return s.SendAll(ctx, p) },
	"SendVector": func(ctx context.Context, s *bufstream.TimedStream, p []byte) error {
		third := len(p) / 3
		bufs := [][]byte{nil, p[:1], p[1:third], {}, p[third : 2*third], p[2*third:], nil}
		defer func() {
			if len(bufs[1]) != 1 || len(bufs[5]) != len(p)-2*third {
				panic("the caller's vector was changed")
			}
		}()
		return s.SendVector(ctx, bufs)
	},
}

func TestIdleSendThatIsStuck(t *testing.T) {
	for name, send := range sends {
		t.Run(name, func(t *testing.T) {
			for _, taken := range []int{0, 1, 10, 64 << 10, 64<<10 + 1, 200_000} {
				synctest.Test(t, func(t *testing.T) {
					const total = 300_000
					a, b := lockstep()
					s := bufstream.IdleTimeout(a, idle)
					p := pattern(total)
					go func() {
						time.Sleep(idle / 2)
						receiveN(t, b, taken)
					}()
					start := time.Now()
					err := send(t.Context(), s, p)
					requireIdle(t, err)
					require.Equal(t, taken, abc.Sent(err))
					after := time.Since(start)
					if taken > 0 {
						after -= idle / 2
					}
					require.GreaterOrEqual(t, after, idle)
					require.LessOrEqual(t, after, 2*idle)
					// It goes on from there.
					go func() {
						if err := send(t.Context(), s, p[taken:]); err != nil {
							panic(err)
						}
					}()
					require.Equal(t, string(p[taken:]), receiveN(t, b, total-taken))
				})
			}
		})
	}
}

func TestIdleTimeoutLeavesTheContextAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := lockstep()
		s := bufstream.IdleTimeout(a, idle)
		ops := map[string]func(context.Context) error{
			"send":    func(ctx context.Context) error { return s.SendAll(ctx, []byte("abc")) },
			"vector":  func(ctx context.Context) error { return s.SendVector(ctx, [][]byte{{1}, {2}}) },
			"receive": func(ctx context.Context) error { _, err := s.ReceiveSome(ctx, make([]byte, 1)); return err },
			"wait":    s.WaitSendable,
		}
		for name, op := range ops {
			start := time.Now()
			ctx, cancel := context.WithTimeout(t.Context(), idle-1)
			err := op(ctx)
			require.ErrorIs(t, err, context.DeadlineExceeded, name)
			require.NotErrorIs(t, err, os.ErrDeadlineExceeded, name)
			require.NotErrorIs(t, err, abc.ErrBroken, name)
			require.Equal(t, idle-1, time.Since(start), name)
			require.ErrorIs(t, op(ctx), context.DeadlineExceeded, name)
			cancel()

			cause, stop := context.WithCancelCause(t.Context())
			time.AfterFunc(time.Second, func() { stop(errCause) })
			err = op(cause)
			require.ErrorIs(t, err, context.Canceled, name)
			require.ErrorIs(t, err, errCause, name)

			start = time.Now()
			requireIdle(t, op(t.Context()))
			require.Equal(t, idle, time.Since(start), name)
		}
		require.NoError(t, b.Close(t.Context()))
		require.ErrorIs(t, ops["send"](t.Context()), abc.ErrBroken)
	})
}

func TestIdleTimeoutAndClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := lockstep()
		s := bufstream.IdleTimeout(a, idle)
		errs := make(chan error, 2)
		go func() { errs <- s.SendAll(t.Context(), []byte("abc")) }()
		go func() { _, err := s.ReceiveSome(t.Context(), make([]byte, 1)); errs <- err }()
		synctest.Wait()
		require.NoError(t, s.Close(t.Context()))
		require.ErrorIs(t, <-errs, abc.ErrClosed)
		require.ErrorIs(t, <-errs, abc.ErrClosed)
		require.ErrorIs(t, s.SendAll(t.Context(), nil), abc.ErrClosed)
		require.ErrorIs(t, s.SendEOF(t.Context()), abc.ErrClosed)
		require.NoError(t, s.Close(t.Context()))
		require.NoError(t, b.Close(t.Context()))
	})
}

// fragile is a stream that a cancelled send breaks.
type fragile struct {
	abc.Stream
	broken bool
}

func (f *fragile) SendAll(ctx context.Context, p []byte) error {
	if f.broken {
		return &abc.OpError{Op: "send", Transport: "fragile", Err: abc.ErrBroken}
	}
	err := f.Stream.SendAll(ctx, p)
	if err != nil {
		f.broken = true
		return &abc.OpError{Op: "send", Transport: "fragile", Sent: -1, Err: err.(*abc.OpError).Err}
	}
	return nil
}

// Over a stream that cannot say what was sent, progress is what it took whole.
func TestIdleSendOverAStreamThatBreaks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := lockstep()
		s := bufstream.IdleTimeout(&fragile{Stream: a}, idle)
		p := bytes.Repeat([]byte("x"), 1<<20)
		go func() {
			for range len(p) / (64 << 10) {
				time.Sleep(idle - 1)
				receiveN(t, b, 64<<10)
			}
		}()
		require.NoError(t, s.SendAll(t.Context(), p)) // in 16 times that
		go receiveN(t, b, 10)
		err := s.SendAll(t.Context(), p)
		requireIdle(t, err)
		require.Equal(t, -1, abc.Sent(err))
		require.ErrorIs(t, s.SendAll(t.Context(), p), abc.ErrBroken)
	})
}

func TestIdleTimeoutOfNothingPanics(t *testing.T) {
	a, _ := memstream.Pair(nil)
	require.PanicsWithValue(t, "bufstream: IdleTimeout of 0s, which is not greater than 0", func() { bufstream.IdleTimeout(a, 0) })
	require.Panics(t, func() { bufstream.IdleTimeout(nil, 1) })
	require.Panics(t, func() { bufstream.Locked(nil) })
	require.Panics(t, func() { bufstream.LockedSend(nil) })
}
