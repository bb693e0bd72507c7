package serve_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/internal/serve"
	"github.com/tributary-go/tributary/memstream"
)

// command is a handler that closes l if it is sent a 'c', and works for a
// minute if it is sent a 'w'.
func command(l *serve.Listener, closed chan<- error) abc.Handler {
	return func(ctx context.Context, s abc.Stream) {
		var p [1]byte
		if _, err := s.ReceiveSome(ctx, p[:]); err != nil {
			return
		}
		switch p[0] {
		case 'c':
			err := l.Close(ctx)
			_ = s.SendAll(ctx, []byte("closed"))
			closed <- err
		case 'w':
			time.Sleep(time.Minute)
		}
	}
}

func (f *fakeAcceptor) command(t *testing.T, c byte) *memstream.Stream {
	client := f.connect()
	require.NoError(t, client.SendAll(t.Context(), []byte{c}))
	return client
}

func TestCloseByAHandlerDoesNotWaitForThatHandler(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, derive := range []func(context.Context) (context.Context, context.CancelFunc){
			func(ctx context.Context) (context.Context, context.CancelFunc) { return ctx, func() {} },
			context.WithCancel,
			func(ctx context.Context) (context.Context, context.CancelFunc) {
				return context.WithTimeout(context.WithoutCancel(ctx), time.Hour)
			},
		} {
			l, f := newListener(t, serve.Config{})
			ended := start(t.Context(), l, func(ctx context.Context, s abc.Stream) {
				ctx, cancel := derive(ctx)
				defer cancel()
				done, cancelDone := context.WithCancel(ctx)
				cancelDone()
				for _, ctx := range append([]context.Context{ctx}, slices.Repeat([]context.Context{done}, 20)...) {
					if err := l.Close(ctx); err != nil { // the later ones find nothing to cut off
						panic(err)
					}
				}
				time.Sleep(time.Second) // there is time to say good-bye
				_ = s.SendAll(ctx, []byte("bye"))
			})
			client := f.connect()
			synctest.Wait()
			requireRunning(t, ended)
			n, err := client.ReceiveSome(t.Context(), make([]byte, 4))
			require.NoError(t, err)
			require.Equal(t, 3, n)
			synctest.Wait()
			requireServeError(t, ended, abc.ErrClosed)
			require.Equal(t, abc.ListenerStats{Accepted: 1, Drained: 1}, l.Stats())
		}
	})
}

func TestCloseByAHandlerWaitsForTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		closed := make(chan error, 2)
		l, f := newListener(t, serve.Config{})
		ended := start(t.Context(), l, command(l, closed))
		f.command(t, 'w')
		f.command(t, 'c')
		f.command(t, 'c') // two that would wait for each other
		begun := time.Now()
		require.NoError(t, <-closed)
		require.NoError(t, <-closed)
		require.Equal(t, time.Minute, time.Since(begun))
		synctest.Wait()
		requireServeError(t, ended, abc.ErrClosed)
	})
}

// It is one handler, however often it calls.
func TestHandlerThatClosesTwiceWaitsForTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		closed := make(chan error, 2)
		l, f := newListener(t, serve.Config{})
		ended := start(t.Context(), l, func(ctx context.Context, s abc.Stream) {
			var p [1]byte
			_, _ = s.ReceiveSome(ctx, p[:])
			if p[0] == 'w' {
				time.Sleep(time.Minute)
				return
			}
			go func() { closed <- l.Close(ctx) }()
			closed <- l.Close(ctx)
		})
		f.command(t, 'w')
		synctest.Wait()
		f.command(t, 'c')
		begun := time.Now()
		require.NoError(t, <-closed)
		require.NoError(t, <-closed)
		require.Equal(t, time.Minute, time.Since(begun))
		synctest.Wait()
		requireServeError(t, ended, abc.ErrClosed)
	})
}

// A handler that leaves its Close to another goroutine is gone when it returns.
func TestHandlerThatReturnsBeforeItsCloseIsNotCountedAnyMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		closed := make(chan error, 2)
		l, f := newListener(t, serve.Config{})
		ended := start(t.Context(), l, func(ctx context.Context, s abc.Stream) {
			var p [1]byte
			_, _ = s.ReceiveSome(ctx, p[:])
			switch p[0] {
			case 'w':
				time.Sleep(time.Minute)
			case 'g':
				go func() { closed <- l.Close(ctx) }()
				time.Sleep(time.Second)
			case 'c':
				time.Sleep(2 * time.Second)
				closed <- l.Close(ctx)
			}
		})
		for _, c := range []byte("wcg") {
			f.command(t, c)
			synctest.Wait()
		}
		begun := time.Now()
		require.NoError(t, <-closed)
		require.NoError(t, <-closed)
		require.Equal(t, time.Minute, time.Since(begun))
		<-ended
	})
}

// Whoever closes from outside may rely on it that no handler is left.
func TestCloseFromOutsideWaitsForTheHandlersThatClose(t *testing.T) {
	for name, outsideFirst := range map[string]bool{"outside first": true, "handler first": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l, f := newListener(t, serve.Config{})
				byHandler := make(chan error, 1)
				handlerMay := make(chan struct{})
				ended := start(t.Context(), l, func(ctx context.Context, _ abc.Stream) {
					<-handlerMay
					byHandler <- l.Close(ctx)
					time.Sleep(time.Minute)
				})
				f.connect()
				synctest.Wait()
				fromOutside := make(chan error, 1)
				closeFromOutside := func() { fromOutside <- l.Close(t.Context()) }
				if outsideFirst {
					go closeFromOutside()
					synctest.Wait()
					require.Empty(t, fromOutside)
					close(handlerMay)
				} else {
					close(handlerMay)
					synctest.Wait()
					go closeFromOutside()
				}
				synctest.Wait()
				require.NoError(t, <-byHandler)
				require.Empty(t, fromOutside)
				begun := time.Now()
				require.NoError(t, <-fromOutside)
				require.Equal(t, time.Minute, time.Since(begun))
				synctest.Wait()
				requireServeError(t, ended, abc.ErrClosed)
			})
		})
	}
}

func TestForcefulCloseCutsTheCloseOfAHandler(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		closed := make(chan error, 1)
		l, f := newListener(t, serve.Config{})
		ended := start(t.Context(), l, command(l, closed))
		f.command(t, 'w')
		closer := f.command(t, 'c')
		synctest.Wait()
		require.NoError(t, closeutil.CloseForcefully(l))
		requirePeerClosed(t, closer)
		require.Error(t, <-closed)
		<-ended
		require.Equal(t, abc.ListenerStats{Accepted: 2, Forced: 2}, l.Stats())
	})
}

func TestCloseByAHandlerEndsWithServesContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		closed := make(chan error, 1)
		l, f := newListener(t, serve.Config{})
		ctx, cancel := context.WithCancel(t.Context())
		ended := start(ctx, l, command(l, closed))
		worker := f.command(t, 'w')
		f.command(t, 'c')
		synctest.Wait()
		require.Empty(t, closed)
		cancel()
		require.ErrorIs(t, <-closed, context.Canceled)
		requirePeerClosed(t, worker)
		<-ended
	})
}

// One listener is served in a handler of another one, as a tunnel does it.
func TestCloseOfAnOuterListenerByTheHandlerOfAnInnerOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		outer, outerFake := newListener(t, serve.Config{})
		inner, innerFake := newListener(t, serve.Config{})
		closed := make(chan error, 1)
		innerFake.connect()
		ended := start(t.Context(), outer, func(ctx context.Context, _ abc.Stream) {
			_ = inner.Serve(ctx, func(ctx context.Context, _ abc.Stream) {
				closed <- outer.Close(ctx)
				_ = inner.Close(ctx)
			})
		})
		outerFake.connect()
		require.NoError(t, <-closed)
		synctest.Wait()
		requireServeError(t, ended, abc.ErrClosed)
	})
}

// A handler of a server for administration shuts the real one down.
func TestCloseByTheHandlerOfAnotherListenerWaitsForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		admin, adminFake := newListener(t, serve.Config{})
		l, f := newListener(t, serve.Config{})
		ended := start(t.Context(), l, command(l, nil))
		f.command(t, 'w')
		synctest.Wait()
		closed := make(chan error, 1)
		adminEnded := start(t.Context(), admin, func(ctx context.Context, _ abc.Stream) { closed <- l.Close(ctx) })
		begun := time.Now()
		adminFake.connect()
		require.NoError(t, <-closed)
		require.Equal(t, time.Minute, time.Since(begun))
		synctest.Wait()
		requireServeError(t, ended, abc.ErrClosed)
		require.NoError(t, admin.Close(t.Context()))
		<-adminEnded
	})
}

func TestCloseInOnPanicDoesNotWaitForItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l *serve.Listener
		closed := make(chan error, 1)
		l, f := newListener(t, serve.Config{OnPanic: func(ctx context.Context, _ any, _ []byte) { closed <- l.Close(ctx) }})
		ended := start(t.Context(), l, func(context.Context, abc.Stream) { panic("boom") })
		f.connect()
		require.NoError(t, <-closed)
		synctest.Wait()
		requireServeError(t, ended, abc.ErrClosed)
	})
}

// What a handler has started, and left behind, is not a handler any more.
func TestCloseByAHandlerThatHasReturned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, f := newListener(t, serve.Config{})
		var left context.Context
		ended := start(t.Context(), l, func(ctx context.Context, s abc.Stream) {
			if left == nil {
				left = ctx
				return
			}
			time.Sleep(time.Minute)
		})
		f.connect()
		synctest.Wait()
		f.connect()
		synctest.Wait()
		begun := time.Now()
		require.NoError(t, l.Close(left))
		require.Equal(t, time.Minute, time.Since(begun))
		synctest.Wait()
		requireServeError(t, ended, abc.ErrClosed)
	})
}
