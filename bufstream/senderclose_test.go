package bufstream_test

import (
	"context"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/bufstream"
	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/memstream"
)

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
