package listener_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/listener"
	"github.com/tributary-go/tributary/memstream"
)

// A greeted stream is one whose peer has said a byte of greeting.
type greeted struct {
	abc.Stream
	greeting byte
	closed   error // the ctx.Err() of the first Close; errNotClosed before
}

var errNotClosed = errors.New("not closed")

func (g *greeted) Unwrap() abc.AsyncResource { return g.Stream }

func (g *greeted) Close(ctx context.Context) error {
	if g.closed == errNotClosed {
		g.closed = ctx.Err()
	}
	return g.Stream.Close(ctx)
}

// greet1 is a prepare function.
func greet1(ctx context.Context, s abc.Stream) (abc.Stream, error) {
	var p [1]byte
	if _, err := s.ReceiveSome(ctx, p[:]); err != nil {
		return nil, err
	}
	return &greeted{s, p[0], errNotClosed}, nil
}

// reported is an OnError that keeps the errors.
func reported(n int) (chan error, func(context.Context, abc.Stream, error)) {
	errs := make(chan error, n)
	return errs, func(_ context.Context, _ abc.Stream, err error) { errs <- err }
}

func neverCalled(context.Context, abc.Stream) { panic("the handler was called") }

func TestPrepareChecksItsArguments(t *testing.T) {
	l := memstream.NewListener(nil)
	require.PanicsWithValue(t, "listener: Prepare of a nil listener", func() { listener.Prepare(nil, greet1, nil) })
	require.PanicsWithValue(t, "listener: Prepare with a nil function", func() { listener.Prepare(l, nil, nil) })
	require.PanicsWithValue(t, "listener: Serve with a nil handler", func() {
		_ = listener.Prepare(l, greet1, nil).Serve(t.Context(), nil)
	})
}

func TestThoseWhoAreSilentHoldNobodyUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		below := memstream.NewListener(nil)
		errs, onError := reported(100)
		l := listener.Prepare(below, greet1, &listener.PrepareOptions{OnError: onError})
		served := make(chan byte)
		ended := start(t.Context(), l, func(ctx context.Context, s abc.Stream) {
			served <- s.(*greeted).greeting
			<-ctx.Done()
		})
		begin := time.Now()
		var silent []*memstream.Stream
		for range cap(errs) {
			silent = append(silent, dialMem(t, below))
		}
		synctest.Wait()
		var quick []*memstream.Stream
		for i := range 10 {
			s := dialMem(t, below)
			require.NoError(t, s.SendAll(t.Context(), []byte{byte(i)}))
			quick = append(quick, s)
			require.Equal(t, byte(i), <-served)
		}
		require.Zero(t, time.Since(begin))
		for range cap(errs) {
			err := <-errs
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.EqualError(t, err, "memstream: receive: not prepared within 10s: context deadline exceeded")
		}
		require.Equal(t, 10*time.Second, time.Since(begin), "the default")
		synctest.Wait()
		for _, s := range silent {
			requirePeerClosed(t, s)
		}
		time.Sleep(time.Minute)
		for _, s := range quick { // the limit is not theirs any more
			requirePeerOpen(t, s)
		}
		require.NoError(t, closeutil.CloseForcefully(l))
		require.ErrorIs(t, (<-ended).(error), abc.ErrClosed)
	})
}

func TestNegativeTimeoutOfPrepareIsNoLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		below := memstream.NewListener(nil)
		l := listener.Prepare(below, greet1, &listener.PrepareOptions{Timeout: -1})
		served := make(chan byte)
		ended := start(t.Context(), l, func(_ context.Context, s abc.Stream) { served <- s.(*greeted).greeting })
		s := dialMem(t, below)
		time.Sleep(24 * time.Hour)
		require.NoError(t, s.SendAll(t.Context(), []byte("x")))
		require.Equal(t, byte('x'), <-served)
		require.NoError(t, l.Close(t.Context()))
		require.ErrorIs(t, (<-ended).(error), abc.ErrClosed)
	})
}

// failureOf returns what OnError is told of a peer that ends its direction, and
// fails the test if its handler is called.
func failureOf(t *testing.T, prepare func(context.Context, abc.Stream) (abc.Stream, error)) error {
	below := memstream.NewListener(nil)
	errs, onError := reported(1)
	l := listener.Prepare(below, prepare, &listener.PrepareOptions{Timeout: time.Second, OnError: onError})
	ended := start(t.Context(), l, neverCalled)
	require.NoError(t, dialMem(t, below).SendEOF(t.Context()))
	err := <-errs
	require.NoError(t, l.Close(t.Context()))
	require.ErrorIs(t, (<-ended).(error), abc.ErrClosed)
	return err
}

// The prepare function may say "i/o timeout", or nothing of a time.
func TestTimeoutOfPrepareIsNamedWhateverPrepareSays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		own := errors.New("half a header")
		err := failureOf(t, func(ctx context.Context, s abc.Stream) (abc.Stream, error) {
			<-ctx.Done()
			return s, own
		})
		require.ErrorIs(t, err, own)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.EqualError(t, err, "not prepared within 1s: context deadline exceeded: half a header")
	})
}

func TestEndInsideOfPrepareIsNoEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		err := failureOf(t, greet1)
		require.ErrorIs(t, err, abc.ErrBroken)
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
		require.NotErrorIs(t, err, io.EOF)
	})
}

func TestPrepareThatReturnsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		err := failureOf(t, func(context.Context, abc.Stream) (abc.Stream, error) { return nil, nil })
		require.ErrorContains(t, err, "neither a stream nor an error")
	})
}

// fromTo is a stream with a remote address.
type fromTo struct{ abc.Stream }

func (fromTo) LocalAddr() net.Addr  { return &net.UnixAddr{Name: "here"} }
func (fromTo) RemoteAddr() net.Addr { return &net.UnixAddr{Name: "there"} }

func TestWhatIsNotPreparedIsLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		defaultLogger := slog.Default()
		slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
		defer slog.SetDefault(defaultLogger)
		below := newChanAcceptor()
		l := listener.Prepare(listener.New(below, nil), func(context.Context, abc.Stream) (abc.Stream, error) {
			return nil, errors.New("no manners")
		}, nil)
		ended := start(t.Context(), l, neverCalled)
		_, s := memstream.Pair(nil)
		below.incoming <- s
		synctest.Wait()
		require.Contains(t, log.String(), `level=WARN msg="listener: a connection was not prepared" error="no manners"`)
		require.NotContains(t, log.String(), "remote")
		below.incoming <- fromTo{s}
		synctest.Wait()
		require.Contains(t, log.String(), "remote=there")
		require.NoError(t, l.Close(t.Context()))
		require.ErrorIs(t, (<-ended).(error), abc.ErrClosed)
	})
}

func TestShutdownIsNotThePeersFault(t *testing.T) {
	for name, stop := range map[string]func(cancel func(), l abc.Listener) error{
		"Close":        func(_ func(), l abc.Listener) error { return closeutil.CloseForcefully(l) },
		"ctx of Serve": func(cancel func(), _ abc.Listener) error { cancel(); return nil },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				below := memstream.NewListener(nil)
				errs, onError := reported(1)
				l := listener.Prepare(below, greet1, &listener.PrepareOptions{OnError: onError})
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				ended := start(ctx, l, neverCalled)
				dialMem(t, below)
				synctest.Wait()
				require.NoError(t, stop(cancel, l))
				require.Error(t, (<-ended).(error))
				require.Empty(t, errs)
				require.NoError(t, l.Close(t.Context()))
			})
		})
	}
}

// A graceful Close waits for those that are being prepared: they are served.
func TestGracefulCloseDuringPrepare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		below := memstream.NewListener(nil)
		l := listener.Prepare(below, greet1, nil)
		served := make(chan byte, 1)
		ended := start(t.Context(), l, func(_ context.Context, s abc.Stream) { served <- s.(*greeted).greeting })
		s := dialMem(t, below)
		synctest.Wait()
		closed := make(chan error, 1)
		go func() { closed <- l.Close(t.Context()) }()
		synctest.Wait()
		require.Empty(t, closed)
		require.NoError(t, s.SendAll(t.Context(), []byte("x")))
		require.NoError(t, <-closed)
		require.Equal(t, byte('x'), <-served)
		require.ErrorIs(t, (<-ended).(error), abc.ErrClosed)
	})
}

func TestStreamsOfPrepareAreClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		panics := make(chan any, 1)
		acceptor := newChanAcceptor()
		below := listener.New(acceptor, &listener.Options{
			OnPanic: func(_ context.Context, v any, _ []byte) { panics <- v },
		})
		streams := make(chan *greeted, 1)
		l := listener.Prepare(below, greet1, &listener.PrepareOptions{
			OnError: func(ctx context.Context, s abc.Stream, err error) {
				_ = s.SendAll(ctx, []byte("sorry"))
			},
		})
		ended := start(t.Context(), l, func(ctx context.Context, s abc.Stream) {
			g := s.(*greeted)
			streams <- g
			switch g.greeting {
			case 'p':
				panic("boom")
			case 'g':
				_ = s.Close(ctx)
			}
		})
		dial := func(greeting string) *memstream.Stream {
			client, server := memstream.Pair(nil)
			require.NoError(t, client.SendAll(t.Context(), []byte(greeting)))
			require.NoError(t, client.SendEOF(t.Context()))
			acceptor.incoming <- server
			synctest.Wait()
			return client
		}
		dial("r")
		require.Equal(t, context.Canceled, (<-streams).closed, "forcefully, when the handler has returned")
		dial("g")
		require.NoError(t, (<-streams).closed, "gracefully, by the handler")
		dial("p")
		require.Equal(t, context.Canceled, (<-streams).closed, "forcefully, when the handler has panicked")
		require.Equal(t, "boom", <-panics)
		got, err := receiveAll(t.Context(), dial(""))
		require.NoError(t, err)
		require.Equal(t, "sorry", got, "open in OnError, closed afterwards")
		require.NoError(t, l.Close(t.Context()))
		require.ErrorIs(t, (<-ended).(error), abc.ErrClosed)
	})
}

func TestPanicOfPrepareIsThatOfAHandler(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		below := memstream.NewListener(nil)
		l := listener.Prepare(below, func(context.Context, abc.Stream) (abc.Stream, error) { panic("boom") }, nil)
		ended := start(t.Context(), l, neverCalled)
		s := dialMem(t, below)
		require.Equal(t, "boom", (<-ended).(*abc.HandlerPanic).Value)
		requirePeerClosed(t, s)
		require.NoError(t, l.Close(t.Context()))
	})
}

func TestContextOfPrepareIsTheHandlersForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		type key struct{}
		for _, timeout := range []time.Duration{time.Minute, -1} {
			below := memstream.NewListener(nil)
			var kept context.Context
			l := listener.Prepare(below, func(ctx context.Context, s abc.Stream) (abc.Stream, error) {
				kept = ctx
				return s, ctx.Err()
			}, &listener.PrepareOptions{Timeout: timeout})
			done := make(chan error)
			ended := start(context.WithValue(t.Context(), key{}, "value"), l, func(ctx context.Context, s abc.Stream) {
				done <- ctx.Err()
				done <- l.Close(ctx) // does not wait for this handler
			})
			dialMem(t, below)
			require.NoError(t, <-done)
			require.Error(t, kept.Err(), "the preparation is over")
			require.Equal(t, "value", kept.Value(key{}))
			require.NoError(t, <-done)
			require.ErrorIs(t, (<-ended).(error), abc.ErrClosed)
		}
	})
}

func TestWhatIsBelowIsFoundThroughPrepare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		below := memstream.NewListener(nil)
		l := listener.Prepare(below, greet1, nil)
		found, ok := abc.As[*memstream.Listener](l)
		require.True(t, ok)
		require.Same(t, below, found)
		ended := start(t.Context(), l, untilCtxDone)
		dialMem(t, below)
		synctest.Wait()
		stats, ok := abc.StatsOf(l)
		require.True(t, ok)
		require.Equal(t, abc.ListenerStats{Accepted: 1, Active: 1}, stats, "it counts while it is prepared")
		require.NoError(t, closeutil.CloseForcefully(l))
		require.ErrorIs(t, (<-ended).(error), abc.ErrClosed)
	})
}
