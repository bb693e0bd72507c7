package bufstream_test

import (
	"context"
	"io"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/bufstream"
	"github.com/tributary-go/tributary/memstream"
)

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
