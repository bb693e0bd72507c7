package bufstream_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/bufstream"
)

// A Send that ctx ends in the middle of a message returns nil, and the rest goes
// before anything else.
func TestCancelledSendIsFinished(t *testing.T) {
	for name, size := range map[string]int{"small": 100, "a vector": 100_000} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, b := lockstep()
				s := bufstream.NewMessageStream(a, prefix4, nil)
				first, second := bytes.Repeat([]byte("1"), size), bytes.Repeat([]byte("2"), size)
				ctx, cancel := context.WithCancelCause(t.Context())
				sent := make(chan error)
				p := bytes.Clone(first)
				go func() { sent <- s.Send(ctx, p) }()
				prefix := receiveN(t, b, 4) // of five bytes or more
				synctest.Wait()
				cancel(errCause)
				require.NoError(t, <-sent)
				clear(p) // it is the caller's again

				waiting, stop := context.WithTimeout(t.Context(), time.Minute)
				defer stop()
				require.ErrorIs(t, s.Send(waiting, []byte("never")), context.DeadlineExceeded)
				go func() { sent <- s.Send(t.Context(), second) }()
				shared := bufstream.NewReceiver(b, nil)
				require.NoError(t, shared.Unread([]byte(prefix)))
				r := bufstream.NewMessageReceiver(shared, prefix4, nil)
				m, err := r.Receive(t.Context())
				require.NoError(t, err)
				require.Equal(t, first, m)
				m, err = r.Receive(t.Context())
				require.NoError(t, err)
				require.Equal(t, second, m)
				require.NoError(t, <-sent)
				require.NoError(t, s.Close(t.Context()))
				require.NoError(t, r.Close(t.Context()))
			})
		})
	}
}

// halfSent returns a stream whose Send was cancelled in the middle.
func halfSent(t *testing.T) (s *bufstream.MessageStream[string], peer abc.Stream) {
	a, b := lockstep()
	s = bufstream.NewMessageStream(a, bufstream.Lines(), nil)
	ctx, cancel := context.WithCancel(t.Context())
	sent := make(chan error)
	go func() { sent <- s.Send(ctx, "hello") }()
	require.Equal(t, "he", receiveN(t, b, 2))
	synctest.Wait()
	cancel()
	require.NoError(t, <-sent)
	return s, b
}

func TestCloseWaitsForACancelledSend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, peer := halfSent(t)
		received := make(chan error)
		go func() { _, err := s.Receive(t.Context()); received <- err }()
		synctest.Wait()
		closed := make(chan error)
		go func() { closed <- s.Close(t.Context()) }()
		// It waits, and wakes what was blocked meanwhile.
		require.ErrorIs(t, <-received, abc.ErrClosed)
		synctest.Wait()
		require.Empty(t, closed)
		_, err := s.Receive(t.Context())
		require.ErrorIs(t, err, abc.ErrClosed)
		require.ErrorIs(t, s.Send(t.Context(), "x"), abc.ErrClosed)
		require.Equal(t, "llo\n", receiveN(t, peer, 4))
		require.NoError(t, <-closed)
		_, err = peer.ReceiveSome(t.Context(), make([]byte, 1))
		require.Equal(t, io.EOF, err)
	})
}

func TestCloseDoesNotWaitForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := halfSent(t)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		start := time.Now()
		_ = s.Close(ctx)
		require.Equal(t, time.Minute, time.Since(start))
		require.ErrorIs(t, s.SendEOF(t.Context()), abc.ErrClosed)
		require.NoError(t, s.Close(t.Context()))

		s, _ = halfSent(t) // a forceful one beside a graceful one
		graceful := make(chan error)
		go func() { graceful <- s.Close(t.Context()) }()
		synctest.Wait()
		_ = s.Close(cancelledContext())
		require.ErrorIs(t, <-graceful, abc.ErrClosed)
	})
}

func cancelledContext() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

func TestPeerGoesWhileASendIsFinished(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, peer := halfSent(t)
		require.NoError(t, peer.Close(t.Context()))
		synctest.Wait()
		for range 2 {
			require.ErrorIs(t, s.Send(t.Context(), "x"), abc.ErrBroken)
			require.ErrorIs(t, s.SendEOF(t.Context()), abc.ErrBroken)
		}
		require.NoError(t, s.Close(t.Context()))
	})
}

// Where it cannot be known what was sent, nothing more is.
func TestCancelledSendOverAStreamThatBreaks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := lockstep()
		f := &fragile{Stream: a}
		s := bufstream.NewMessageStream(f, bufstream.Lines(), nil)
		ctx, cancel := context.WithCancel(t.Context())
		sent := make(chan error)
		go func() { sent <- s.Send(ctx, "hello") }()
		receiveN(t, b, 2)
		synctest.Wait()
		cancel()
		require.ErrorIs(t, <-sent, context.Canceled)
		f.broken = false // it would go on, in the middle of a message
		require.ErrorIs(t, s.Send(t.Context(), "x"), abc.ErrBroken)
		require.ErrorIs(t, s.SendEOF(t.Context()), abc.ErrBroken)
	})
}

// A send that IdleTimeout ends after a part of a message went leaves no way to
// go on; one of which nothing went does.
func TestTimedOutSend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := lockstep()
		s := bufstream.NewMessageStream(bufstream.IdleTimeout(a, idle), bufstream.Lines(), nil)
		requireIdle(t, s.Send(t.Context(), "hello"))
		go func() {
			time.Sleep(idle / 2)
			receiveN(t, b, 6)
		}()
		require.NoError(t, s.Send(t.Context(), "hello"))
		go func() { receiveN(t, b, 2) }()
		requireIdle(t, s.Send(t.Context(), "hello"))
		start := time.Now()
		require.ErrorIs(t, s.Send(t.Context(), "x"), abc.ErrBroken)
		require.Zero(t, time.Since(start), "it was not tried")
		_, err := s.Receive(t.Context())
		requireIdle(t, err)
	})
}

func TestSendersAndReceiversQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := lockstep()
		s, r := bufstream.NewMessageStream(a, bufstream.Lines(), nil), bufstream.NewMessageStream(b, bufstream.Lines(), nil)
		const n = 20
		var wg sync.WaitGroup
		got := make([]string, n)
		for i := range n {
			wg.Go(func() {
				var err error
				if got[i], err = r.Receive(t.Context()); err != nil {
					panic(err)
				}
			})
			synctest.Wait()
		}
		ctx, cancel := context.WithTimeout(t.Context(), 1)
		_, err := r.Receive(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		cancel()
		for i := range n {
			wg.Go(func() {
				if err := s.Send(t.Context(), fmt.Sprint(i)); err != nil {
					panic(err)
				}
			})
		}
		wg.Wait()
		seen := map[string]bool{}
		for _, m := range got {
			seen[m] = true
		}
		require.Len(t, seen, n)

		// SendEOF comes after what came before it.
		wg.Go(func() { _ = s.Send(t.Context(), "last") })
		synctest.Wait()
		wg.Go(func() {
			if err := s.SendEOF(t.Context()); err != nil {
				panic(err)
			}
		})
		synctest.Wait()
		late := make(chan error, 1)
		wg.Go(func() { late <- s.Send(t.Context(), "late") })
		synctest.Wait()
		m, err := r.Receive(t.Context())
		require.NoError(t, err)
		require.Equal(t, "last", m)
		_, err = r.Receive(t.Context())
		require.Equal(t, io.EOF, err)
		require.ErrorIs(t, <-late, abc.ErrClosed)
		wg.Wait()
	})
}
