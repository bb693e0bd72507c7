package bufstream_test

import (
	"context"
	"errors"
	"fmt"
	"io"
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

var errCause = errors.New("the cause")

// lockstep is a pair without a buffer: a send blocks until it was received.
func lockstep() (a, b *memstream.Stream) {
	return memstream.Pair(&memstream.Options{Capacity: memstream.Lockstep})
}

// guarded gives the sends of a locked stream the ErrBusy that the suite asks
// for. That they queue without it is for the tests below.
type guarded struct {
	*bufstream.LockedStream
	sending abc.Guard
}

func (g *guarded) do(ctx context.Context, f func() error) error {
	if err := g.sending.Enter(ctx); err != nil {
		return &abc.OpError{Op: "send", Transport: "guarded", Err: err}
	}
	defer g.sending.Leave()
	return f()
}

func (g *guarded) SendAll(ctx context.Context, p []byte) error {
	return g.do(ctx, func() error { return g.LockedStream.SendAll(ctx, p) })
}

func (g *guarded) SendVector(ctx context.Context, bufs [][]byte) error {
	return g.do(ctx, func() error { return g.LockedStream.SendVector(ctx, bufs) })
}

func (g *guarded) WaitSendable(ctx context.Context) error {
	return g.do(ctx, func() error { return g.LockedStream.WaitSendable(ctx) })
}

func (g *guarded) SendEOF(ctx context.Context) error {
	return g.do(ctx, func() error { return g.LockedStream.SendEOF(ctx) })
}

func TestLockedConformance(t *testing.T) {
	for _, capacity := range []int{0, memstream.Lockstep} {
		abctest.TestStream(t, func(testing.TB) (a, b abc.Stream) {
			a, b = memstream.Pair(&memstream.Options{Capacity: capacity})
			return &guarded{LockedStream: bufstream.Locked(a)}, &guarded{LockedStream: bufstream.Locked(b)}
		}, abctest.Caps{})
	}
}

func TestLockedKeepsTheBytesOfASendTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := lockstep()
		s := bufstream.Locked(a)
		var wg sync.WaitGroup
		want := ""
		for i := range 20 {
			record := fmt.Appendf(nil, "<%d>", i)
			want += string(record)
			wg.Go(func() {
				send := s.SendAll
				if i%2 == 0 {
					send = func(ctx context.Context, p []byte) error {
						return s.SendVector(ctx, [][]byte{p[:1], p[1:]})
					}
				}
				if err := send(t.Context(), record); err != nil {
					panic(err)
				}
			})
			synctest.Wait()
		}
		wg.Go(func() {
			if err := s.SendEOF(t.Context()); err != nil {
				panic(err)
			}
		})
		got, buf := "", make([]byte, 2) // less than a record
		for {
			synctest.Wait()
			n, err := b.ReceiveSome(t.Context(), buf)
			if err == io.EOF {
				break
			}
			require.NoError(t, err)
			got += string(buf[:n])
		}
		wg.Wait()
		require.Equal(t, want, got)
		require.ErrorIs(t, s.SendAll(t.Context(), nil), abc.ErrClosed)
	})
}

func TestLockedIsFIFO(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := lockstep()
		s := bufstream.Locked(a)
		var wg sync.WaitGroup
		for i := range byte(50) {
			wg.Go(func() {
				if err := s.SendAll(t.Context(), []byte{i}); err != nil {
					panic(err)
				}
			})
			synctest.Wait()
		}
		got := make([]byte, 1)
		for i := range byte(50) {
			_, err := b.ReceiveSome(t.Context(), got)
			require.NoError(t, err)
			require.Equal(t, i, got[0])
			synctest.Wait() // one more might come and barge in here
		}
		wg.Wait()
	})
}

func TestLockedSendLeavesTheQueueWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := lockstep()
		s := bufstream.Locked(a)
		var wg sync.WaitGroup
		send := func(ctx context.Context, p string) {
			wg.Go(func() {
				if err := s.SendAll(ctx, []byte(p)); err != nil {
					panic(err)
				}
			})
			synctest.Wait()
		}
		ctx, cancel := context.WithCancelCause(t.Context())
		errs := make(chan error, 4)
		wait := func(op func(context.Context) error) {
			wg.Go(func() { errs <- op(ctx) })
			synctest.Wait()
		}
		send(t.Context(), "first")
		wait(func(ctx context.Context) error { return s.SendAll(ctx, []byte("never")) })
		wait(func(ctx context.Context) error { return s.SendVector(ctx, [][]byte{{1}, {2}}) })
		send(t.Context(), "second")
		wait(s.WaitSendable)
		wait(s.SendEOF)
		require.Empty(t, errs)
		cancel(errCause)
		for range cap(errs) {
			err := <-errs
			require.ErrorIs(t, err, context.Canceled)
			require.ErrorIs(t, err, errCause)
			require.Equal(t, 0, abc.Sent(err))
		}
		require.ErrorIs(t, s.SendAll(ctx, nil), errCause, "a done context does not queue")
		send(t.Context(), "third")
		require.Equal(t, "firstsecondthird", receiveN(t, b, len("firstsecondthird")))
		wg.Wait()
	})
}

func TestLockedDeadlineInTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := lockstep()
		s := bufstream.LockedSend(a)
		go func() { _ = s.SendAll(t.Context(), []byte{1}) }()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		start := time.Now()
		err := s.SendAll(ctx, []byte{2})
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, time.Minute, time.Since(start))
		require.Equal(t, "\x01", receiveN(t, b, 1))
		synctest.Wait()
		go func() { _ = s.SendAll(t.Context(), []byte{3}) }()
		require.Equal(t, "\x03", receiveN(t, b, 1))
	})
}

func TestCloseWakesTheQueue(t *testing.T) {
	for _, graceful := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			a, b := lockstep()
			s := bufstream.Locked(a)
			errs := make(chan error, 5)
			for _, op := range []func(context.Context) error{
				func(ctx context.Context) error { return s.SendAll(ctx, []byte("first")) },
				func(ctx context.Context) error { return s.SendAll(ctx, []byte("second")) },
				func(ctx context.Context) error { return s.SendVector(ctx, [][]byte{{1}, {2}}) },
				s.WaitSendable,
				s.SendEOF,
			} {
				go func() { errs <- op(t.Context()) }()
				synctest.Wait()
			}
			require.Empty(t, errs)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if !graceful {
				cancel()
			}
			require.NoError(t, s.Close(ctx))
			for range cap(errs) {
				require.ErrorIs(t, <-errs, abc.ErrClosed)
			}
			require.ErrorIs(t, s.SendAll(t.Context(), nil), abc.ErrClosed)
			_, err := b.ReceiveSome(t.Context(), make([]byte, 1))
			require.Equal(t, io.EOF, err)
			require.NoError(t, s.Close(t.Context()))
		})
	}
}

// Turns are taken, waited for, given up and closed at random.
func TestLockedUnderContention(t *testing.T) {
	a, b := memstream.Pair(&memstream.Options{Capacity: 16})
	s := bufstream.Locked(a)
	const senders, each = 8, 300
	var wg, counting sync.WaitGroup
	sent := make([]int, senders)
	for id := range senders {
		wg.Go(func() {
			record := []byte{byte(id), byte(id), byte(id), byte(id)}
			for i := range each {
				ctx, cancel := context.WithCancel(t.Context())
				if i%3 == 0 {
					go cancel()
				}
				err := s.SendAll(ctx, record)
				cancel()
				for err != nil && abc.Sent(err) != 0 { // the rest, or others go on in between
					rest := record[abc.Sent(err):]
					if err = s.SendAll(t.Context(), rest); err != nil {
						panic(err)
					}
				}
				if err == nil {
					sent[id]++
				}
			}
		})
	}
	total := 0
	counting.Go(func() {
		buf := make([]byte, 64)
		for {
			n, err := b.ReceiveSome(t.Context(), buf)
			if err != nil {
				return
			}
			total += n
		}
	})
	wg.Wait()
	require.NoError(t, s.SendEOF(t.Context()))
	counting.Wait()
	want := 0
	for _, n := range sent {
		want += 4 * n
	}
	require.Equal(t, want, total)
	require.NoError(t, s.Close(t.Context()))
}

func receiveN(t *testing.T, r abc.ReceiveStream, n int) string {
	t.Helper()
	got := make([]byte, n)
	for k := 0; k < n; {
		m, err := r.ReceiveSome(t.Context(), got[k:])
		require.NoError(t, err)
		k += m
	}
	return string(got)
}
