package memstream_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/memstream"
)

var bg = context.Background()

// A send of n bytes into an empty stream returns at once up to its capacity,
// and from one byte more on waits for as many receives as it takes.
func TestCapacityBoundaries(t *testing.T) {
	const lockstep = memstream.Lockstep
	for _, capacity := range []int{lockstep, 1, 2, 255, 256, 257, 4096, 65536, 65537, memstream.Unbounded} {
		limit := capacity
		if capacity == lockstep {
			limit = 0
		}
		for _, n := range []int{0, 1, limit - 1, limit, limit + 1, 2*limit + 1, 300_000} {
			if n < 0 {
				continue
			}
			for _, chunk := range []int{1, 1000, 1 << 20} {
				if chunk == 1 && n > 5000 {
					continue
				}
				t.Run(fmt.Sprintf("capacity=%d/send=%d/receive=%d", capacity, n, chunk), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						fits := capacity == memstream.Unbounded || n <= limit
						s, r := memstream.OneWay(&memstream.Options{Capacity: capacity})
						data := pattern(n)
						var sent bool
						var sendErr error
						go func() {
							sendErr = s.SendAll(bg, data)
							sent = true
							s.Close(bg)
						}()
						synctest.Wait()
						require.Equal(t, fits, sent, "returned without a receiver")
						var got []byte
						for p, err := range abc.Chunks(bg, r, make([]byte, chunk)) {
							require.NoError(t, err)
							got = append(got, p...)
							synctest.Wait()
							left := n - len(got)
							require.Equal(t, fits || left <= limit, sent, "%d bytes left", left)
						}
						require.NoError(t, sendErr)
						require.True(t, bytes.Equal(data, got))
					})
				})
			}
		}
	}
}

func TestCancelledSendCountsWhatWasReceived(t *testing.T) {
	for _, capacity := range []int{memstream.Lockstep, 1, 10} {
		t.Run(fmt.Sprint(capacity), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, r := memstream.OneWay(&memstream.Options{Capacity: capacity})
				ctx, cancel := context.WithTimeout(bg, time.Second)
				defer cancel()
				p := pattern(100)
				errc := make(chan error, 1)
				go func() { errc <- s.SendAll(ctx, p) }()
				buf := make([]byte, 30)
				n, err := r.ReceiveSome(bg, buf)
				require.NoError(t, err)
				require.Equal(t, pattern(100)[:n], buf[:n])

				err = <-errc // time passes when all are blocked
				require.ErrorIs(t, err, context.DeadlineExceeded)
				clear(p) // what was not sent is the caller's again
				require.GreaterOrEqual(t, abc.Sent(err), n)

				// The stream goes on from after Sent.
				go func() {
					if s.SendAll(bg, pattern(100)[abc.Sent(err):]) == nil {
						s.Close(bg)
					}
				}()
				rest, err := io.ReadAll(reader{r})
				require.NoError(t, err)
				require.Equal(t, pattern(100)[n:], rest)
			})
		})
	}
}

// Trio's lockstep stream still delivers the bytes of a send whose sender was
// closed; here an unsent byte stays unsent.
func TestCloseTakesUnsentBytesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, r := memstream.OneWay(&memstream.Options{Capacity: memstream.Lockstep})
		errc := make(chan error, 1)
		go func() { errc <- s.SendAll(bg, []byte("abc")) }()
		buf := make([]byte, 1)
		_, err := r.ReceiveSome(bg, buf)
		require.NoError(t, err)
		require.NoError(t, s.Close(bg))
		_, err = r.ReceiveSome(bg, buf) // at once: the send may not have run yet
		require.Equal(t, io.EOF, err)
		err = <-errc
		require.ErrorIs(t, err, abc.ErrClosed)
		require.Equal(t, 1, abc.Sent(err))
	})
}

// Each blocking call, and each way to wake it. In a bubble a call that blocks
// in a way that is not durable would hang this test.
func TestWhatBlocksIsDurablyBlockedAndWakes(t *testing.T) {
	full := func() (*memstream.Stream, *memstream.Stream) {
		a, b := memstream.Pair(&memstream.Options{Capacity: 1})
		if a.SendAll(bg, []byte("x")) != nil {
			panic("send")
		}
		return a, b
	}
	empty := func() (*memstream.Stream, *memstream.Stream) { return memstream.Pair(nil) }
	calls := []struct {
		name  string
		make  func() (a, b *memstream.Stream)
		block func(ctx context.Context, a *memstream.Stream) error
		peer  error // after the peer closed
	}{
		{"send", full, func(ctx context.Context, a *memstream.Stream) error { return a.SendAll(ctx, []byte("yz")) }, abc.ErrBroken},
		{"send vector", full, func(ctx context.Context, a *memstream.Stream) error {
			return a.SendVector(ctx, [][]byte{nil, []byte("yz")})
		}, abc.ErrBroken},
		{"wait sendable", full, func(ctx context.Context, a *memstream.Stream) error { return a.WaitSendable(ctx) }, abc.ErrBroken},
		{"receive", empty, func(ctx context.Context, a *memstream.Stream) error {
			_, err := a.ReceiveSome(ctx, make([]byte, 9))
			return err
		}, io.EOF},
	}
	for _, call := range calls {
		cause := errors.New("the cause")
		wakes := []struct {
			name string
			wake func(a, b *memstream.Stream, cancel context.CancelCauseFunc)
			want error
		}{
			{"context", func(_, _ *memstream.Stream, cancel context.CancelCauseFunc) { cancel(cause) }, cause},
			{"close", func(a, _ *memstream.Stream, _ context.CancelCauseFunc) { a.Close(bg) }, abc.ErrClosed},
			{"forceful close", func(a, _ *memstream.Stream, _ context.CancelCauseFunc) { closeutil.CloseForcefully(a) }, abc.ErrClosed},
			{"the peer's close", func(_, b *memstream.Stream, _ context.CancelCauseFunc) { b.Close(bg) }, call.peer},
		}
		for _, wake := range wakes {
			for _, background := range []bool{false, true} {
				if background && wake.name == "context" {
					continue
				}
				t.Run(fmt.Sprintf("%s/%s/background=%v", call.name, wake.name, background), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						a, b := call.make()
						ctx, cancel := context.WithCancelCause(bg)
						defer cancel(nil)
						if background {
							ctx = bg
						}
						errc := make(chan error, 1)
						go func() { errc <- call.block(ctx, a) }()
						synctest.Wait()
						select {
						case err := <-errc:
							require.Fail(t, "it did not block", "%v", err)
						default:
						}
						wake.wake(a, b, cancel)
						require.ErrorIs(t, <-errc, wake.want)
					})
				})
			}
		}
	}
}

func TestWaitSendable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, capacity := range []int{memstream.Lockstep, 1, 3} {
			a, b := memstream.Pair(&memstream.Options{Capacity: capacity})
			ctx, cancel := context.WithTimeout(bg, time.Second)
			defer cancel()
			if capacity > 0 {
				require.NoError(t, a.WaitSendable(ctx))
				require.NoError(t, a.SendAll(bg, pattern(capacity)))
			}
			require.ErrorIs(t, a.WaitSendable(ctx), context.DeadlineExceeded)

			woken := make(chan error, 1)
			go func() { woken <- a.WaitSendable(bg) }()
			synctest.Wait()
			require.ErrorIs(t, a.SendAll(bg, nil), abc.ErrBusy)
			require.ErrorIs(t, a.SendEOF(bg), abc.ErrBusy)
			require.ErrorIs(t, a.WaitSendable(bg), abc.ErrBusy)
			go func() {
				buf := make([]byte, 1)
				for {
					if _, err := b.ReceiveSome(bg, buf); err != nil {
						return
					}
				}
			}()
			require.NoError(t, <-woken)
			require.NoError(t, a.SendAll(bg, []byte("z")))
			require.NoError(t, a.SendEOF(bg))
			require.ErrorIs(t, a.WaitSendable(bg), abc.ErrClosed, "as SendAll")
			synctest.Wait()
		}
	})
}

func TestDataSentBeforeTheEndArrives(t *testing.T) {
	a, b := memstream.Pair(nil)
	require.NoError(t, a.SendAll(bg, []byte("last words")))
	require.NoError(t, closeutil.CloseForcefully(a))
	got, err := io.ReadAll(reader{b})
	require.NoError(t, err)
	require.Equal(t, "last words", string(got))
	err = b.SendAll(bg, []byte("x"))
	require.ErrorIs(t, err, abc.ErrBroken)
	require.ErrorIs(t, err, io.ErrClosedPipe)
	require.EqualError(t, err, "memstream: send: connection broken: the peer closed its receiving side")
	require.NoError(t, b.SendEOF(bg))
}

func TestSendVectorIsOneSend(t *testing.T) {
	a, b := memstream.Pair(nil)
	require.NoError(t, abc.SendVector(bg, a, []byte("x"), nil, []byte("yz")))
	buf := make([]byte, 10)
	n, err := b.ReceiveSome(bg, buf)
	require.NoError(t, err)
	require.Equal(t, "xyz", string(buf[:n]))
}

func TestUnknownCapacityPanics(t *testing.T) {
	require.PanicsWithValue(t,
		"memstream: Options.Capacity is -7; negative it may only be Unbounded (-1) or Lockstep (-2)",
		func() { memstream.Pair(&memstream.Options{Capacity: -7}) })
}

// What blocks in the bubble with a context of the outside: select waits for
// both, so the cancellation arrives, and the bubble is not taken for deadlocked.
func TestContextFromOutsideTheBubble(t *testing.T) {
	receive := func(ctx context.Context) error {
		_, b := memstream.Pair(nil)
		return receiveByte(b)(ctx)
	}
	for name, call := range map[string]func(context.Context) error{
		"receive": receive,
		"receive, which yields no more": func(ctx context.Context) error {
			_, b := memstream.Pair(nil)
			for range 10 {
				soon, cancel := context.WithTimeout(bg, time.Second)
				require.ErrorIs(t, receiveByte(b)(soon), context.DeadlineExceeded)
				cancel()
			}
			return receiveByte(b)(ctx)
		},
		"send": func(ctx context.Context) error {
			a, _ := memstream.Pair(nil)
			return a.SendAll(ctx, make([]byte, 1<<20))
		},
		"wait sendable": func(ctx context.Context) error {
			a, _ := memstream.Pair(&memstream.Options{Capacity: memstream.Lockstep})
			return a.WaitSendable(ctx)
		},
		"send a message": func(ctx context.Context) error {
			s, _ := memstream.Messages[int](0)
			return s.Send(ctx, 1)
		},
		"receive a message": func(ctx context.Context) error {
			_, r := memstream.Messages[int](0)
			_, err := r.Receive(ctx)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(bg)
			ctx.Done() // made outside
			time.AfterFunc(time.Millisecond, cancel)
			synctest.Test(t, func(t *testing.T) {
				require.ErrorIs(t, call(ctx), context.Canceled)
			})
		})
	}
}

// A pair that waited in one bubble, and is used in another, is the caller's
// mistake. Two pairs are not, so they share nothing that belongs to a bubble.
func TestPairsOfTwoBubblesShareNothing(t *testing.T) {
	for range 3 {
		synctest.Test(t, func(t *testing.T) {
			a, b := memstream.Pair(&memstream.Options{Capacity: memstream.Lockstep})
			s, r := memstream.Messages[int](0)
			go func() { a.SendAll(bg, []byte("xy")); s.Send(bg, 1) }()
			synctest.Wait()
			require.NoError(t, receiveByte(b)(bg))
			require.NoError(t, receiveByte(b)(bg))
			go func() { receiveByte(b)(bg) }()
			_, err := r.Receive(bg)
			require.NoError(t, err)
			synctest.Wait()
			require.NoError(t, a.Close(bg))
			synctest.Wait()
		})
	}
}

// pattern returns n bytes in which a lost, doubled or misplaced one shows.
func pattern(n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(i*31 ^ i>>8*17 ^ i>>16)
	}
	return p
}

type reader struct{ abc.ReceiveStream }

func (r reader) Read(p []byte) (int, error) { return r.ReceiveSome(bg, p) }
