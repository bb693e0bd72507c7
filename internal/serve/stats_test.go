package serve_test

import (
	"context"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/internal/serve"
)

// 200 requests are being answered when the server is told to stop.
func TestGracefulCloseCutsNoneOf200Requests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 200
		l, f := newListener(t, serve.Config{})
		ended := start(t.Context(), l, func(ctx context.Context, s abc.Stream) {
			var request [1]byte
			if _, err := s.ReceiveSome(ctx, request[:]); err != nil {
				return
			}
			time.Sleep(time.Duration(request[0]) * time.Second)
			_ = s.SendAll(ctx, request[:])
			_ = s.Close(ctx)
		})
		var answered [n]byte
		var clients sync.WaitGroup
		for i := range n {
			client := f.connect()
			clients.Go(func() {
				_ = client.SendAll(t.Context(), []byte{byte(i)})
				_, _ = client.ReceiveSome(t.Context(), answered[i:i+1])
			})
		}
		synctest.Wait()
		require.Equal(t, abc.ListenerStats{Accepted: n, Active: n - 1}, l.Stats(), "the first was answered at once")
		require.NoError(t, l.Close(t.Context()))
		clients.Wait()
		for i := range n {
			require.Equal(t, byte(i), answered[i])
		}
		synctest.Wait()
		requireServeError(t, ended, abc.ErrClosed)
		require.Equal(t, abc.ListenerStats{Accepted: n, Drained: n - 1}, l.Stats())
	})
}

func TestStatsTellTheDrainedFromTheForced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, f := newListener(t, serve.Config{})
		require.Zero(t, l.Stats())
		life := 10 * time.Second
		ended := start(t.Context(), l, func(context.Context, abc.Stream) { time.Sleep(life) })
		f.connect()
		time.Sleep(5 * time.Second)
		synctest.Wait()
		life = time.Hour
		f.connect()
		f.connect()
		synctest.Wait()
		require.Equal(t, abc.ListenerStats{Accepted: 3, Active: 3}, l.Stats())

		require.Error(t, closeutil.CloseWithin(t.Context(), l, time.Minute))
		require.Equal(t, abc.ListenerStats{Accepted: 3, Active: 2, Drained: 1, Forced: 2}, l.Stats())
		require.NoError(t, closeutil.CloseForcefully(l))
		<-ended
		require.Equal(t, abc.ListenerStats{Accepted: 3, Drained: 1, Forced: 2}, l.Stats())
	})
}

func TestStatsGoOnFromOneServeToTheNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, f := newListener(t, serve.Config{})
		for range 3 {
			f.connect()
			f.fail(netError(syscall.EPROTO))
			ctx, cancel := context.WithCancel(t.Context())
			ended := start(ctx, l, untilCtxDone)
			synctest.Wait()
			cancel()
			<-ended
		}
		// The end of Serve's ctx is neither a drain nor forceful.
		require.Equal(t, abc.ListenerStats{Accepted: 3, AcceptErrors: 3}, l.Stats())
		require.NoError(t, l.Close(t.Context()))
	})
}

func TestStatsCountEachHandlerThatPanicsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		handler := func(context.Context, abc.Stream) { panic("boom") }
		for name, onPanic := range map[string]func(context.Context, any, []byte){
			"not isolated":     nil,
			"isolated":         func(context.Context, any, []byte) {},
			"OnPanic panics":   func(context.Context, any, []byte) { panic("worse") },
			"OnPanic's Goexit": func(context.Context, any, []byte) { runtime.Goexit() },
		} {
			l, f := newListener(t, serve.Config{OnPanic: onPanic})
			f.connect()
			ended := start(t.Context(), l, handler)
			synctest.Wait()
			require.Equal(t, abc.ListenerStats{Accepted: 1, Panics: 1}, l.Stats(), name)
			require.NoError(t, l.Close(t.Context()))
			<-ended
		}
		l, f := newListener(t, serve.Config{})
		f.connect()
		ended := start(t.Context(), l, func(context.Context, abc.Stream) { runtime.Goexit() })
		require.NoError(t, closeutil.CloseForcefully(l))
		<-ended
		require.Zero(t, l.Stats().Panics)
	})
}

// Whatever moment Stats is called at, the numbers fit together.
func TestStatsAreCoherent(t *testing.T) {
	l, f := newListener(t, serve.Config{MaxConns: 3})
	const n = 2000
	returned := make(chan struct{}, n)
	ended := start(t.Context(), l, func(context.Context, abc.Stream) {
		runtime.Gosched()
		returned <- struct{}{}
	})
	go func() {
		for range n {
			f.incoming <- func() (abc.Stream, error) { return f.stream(), nil }
		}
	}()
	for done := 0; done < n; done = len(returned) {
		runtime.Gosched()
		before := len(returned)
		s := l.Stats()
		require.LessOrEqual(t, s.Active, int64(3))
		require.LessOrEqual(t, s.Accepted-s.Active, int64(len(returned)))
		require.GreaterOrEqual(t, s.Accepted, int64(before))
	}
	require.NoError(t, l.Close(t.Context()))
	<-ended
	require.EqualValues(t, n, l.Stats().Accepted)
	require.Zero(t, l.Stats().Active)
}
