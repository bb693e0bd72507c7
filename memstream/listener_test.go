package memstream_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/memstream"
)

const backlog = 128

func requireDialError(t *testing.T, err, target error) {
	t.Helper()
	require.ErrorIs(t, err, target)
	require.IsType(t, (*abc.OpError)(nil), err)
	require.Equal(t, "dial", err.(*abc.OpError).Op)
	require.Equal(t, "memstream", err.(*abc.OpError).Transport)
}

// sendingOneByte says what became of the peer of s.
func sendingOneByte(s *memstream.Stream) error { return s.SendAll(context.Background(), []byte("x")) }

func TestNewListenerChecksItsOptions(t *testing.T) {
	require.Panics(t, func() { memstream.NewListener(&memstream.Options{Capacity: -3}) })
}

func TestDialedStreamIsServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := memstream.NewListener(&memstream.Options{Capacity: memstream.Lockstep})
		early, err := l.Dial(t.Context()) // before Serve
		require.NoError(t, err)
		served := make(chan error, 1)
		go func() {
			served <- l.Serve(t.Context(), func(ctx context.Context, s abc.Stream) {
				_ = s.SendAll(ctx, []byte("hello"))
			})
		}()
		late, err := l.Dial(t.Context())
		require.NoError(t, err)
		for _, s := range []*memstream.Stream{early, late} {
			p := make([]byte, 5)
			n, err := s.ReceiveSome(t.Context(), p)
			require.NoError(t, err)
			require.Equal(t, "hello", string(p[:n]))
			_, err = s.ReceiveSome(t.Context(), p)
			require.Equal(t, io.EOF, err)
		}
		require.NoError(t, l.Close(t.Context()))
		err = <-served
		require.ErrorIs(t, err, abc.ErrClosed)
		require.EqualError(t, err, "memstream: serve: closed on this side")
	})
}

func TestFullBacklogBlocksDial(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := memstream.NewListener(nil)
		var waiting []*memstream.Stream
		for range backlog {
			s, err := l.Dial(t.Context())
			require.NoError(t, err)
			waiting = append(waiting, s)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		begun := time.Now()
		_, err := l.Dial(ctx)
		requireDialError(t, err, context.DeadlineExceeded)
		require.Equal(t, time.Second, time.Since(begun))

		dialed := make(chan error, 1)
		go func() {
			_, err := l.Dial(t.Context())
			dialed <- err
		}()
		synctest.Wait()
		require.Empty(t, dialed)
		require.NoError(t, l.Close(t.Context()))
		requireDialError(t, <-dialed, abc.ErrClosed)
		for _, s := range waiting {
			require.ErrorIs(t, sendingOneByte(s), abc.ErrBroken)
		}
		_, err = l.Dial(t.Context())
		requireDialError(t, err, abc.ErrClosed)
		_, err = l.Dial(ctx)
		requireDialError(t, err, context.DeadlineExceeded) // a done ctx comes first
	})
}

func TestDialWhileTheListenerDrainsFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := memstream.NewListener(nil)
		go func() { _ = l.Serve(t.Context(), func(context.Context, abc.Stream) { time.Sleep(time.Second) }) }()
		client, err := l.Dial(t.Context())
		require.NoError(t, err)
		synctest.Wait()
		closed := make(chan error, 1)
		go func() { closed <- l.Close(t.Context()) }()
		synctest.Wait()
		_, err = l.Dial(t.Context())
		requireDialError(t, err, abc.ErrClosed)
		require.NoError(t, sendingOneByte(client))
		require.NoError(t, <-closed)
	})
}

// A Dial that races with Close fails, or gets a stream whose peer is closed; a
// handler that got the other end is not left alone with it.
func TestDialDuringCloseLeavesNoStreamUnserved(t *testing.T) {
	for round := range 300 {
		l := memstream.NewListener(nil)
		served := make(chan error, 1)
		go func() {
			served <- l.Serve(context.Background(), func(_ context.Context, s abc.Stream) {
				_, _ = s.ReceiveSome(context.Background(), make([]byte, 1)) // deaf to ctx
			})
		}()
		var wg sync.WaitGroup
		first := make(chan struct{}, 1)
		for range 4 {
			wg.Go(func() {
				for {
					s, err := l.Dial(context.Background())
					if errors.Is(err, abc.ErrClosed) {
						return
					}
					select {
					case first <- struct{}{}:
					default:
					}
					_ = s.SendEOF(context.Background()) // the handler ends
					// Blocks for ever if the other end stays open.
					if _, err = s.ReceiveSome(context.Background(), make([]byte, 1)); err != io.EOF {
						panic(err)
					}
				}
			})
		}
		<-first
		if round%2 == 0 {
			require.NoError(t, l.Close(t.Context()))
		} else {
			require.NoError(t, closeutil.CloseForcefully(l))
		}
		require.ErrorIs(t, <-served, abc.ErrClosed)
		wg.Wait()
	}
}

// Dials that were blocked by a full backlog learn late that there was room.
// When the listener was closed by then, they fail although a handler has the
// other end, and that handler must not wait for them for ever.
func TestHandlerOfADialThatFailedIsNotLeftAlone(t *testing.T) {
	for range 50 {
		synctest.Test(t, func(t *testing.T) {
			l := memstream.NewListener(nil)
			for range backlog {
				s, err := l.Dial(t.Context())
				require.NoError(t, err)
				require.NoError(t, s.Close(t.Context()))
			}
			for range 2 * backlog {
				go func() {
					if s, err := l.Dial(context.Background()); err == nil {
						_ = s.Close(context.Background())
					}
				}()
			}
			synctest.Wait()
			var handled atomic.Int32
			late := make(chan struct{})
			go func() {
				_ = l.Serve(context.Background(), func(_ context.Context, s abc.Stream) {
					if handled.Add(1) == 3*backlog/2 {
						close(late)
					}
					_, _ = s.ReceiveSome(context.Background(), make([]byte, 1)) // deaf to ctx
				})
			}()
			<-late
			require.NoError(t, l.Close(t.Context())) // waits for all handlers
		})
	}
}

func ExampleListener_Dial() {
	ctx := context.Background()
	l := memstream.NewListener(nil)
	served := make(chan error, 1)
	go func() {
		served <- l.Serve(ctx, func(ctx context.Context, s abc.Stream) {
			buf := make([]byte, 100)
			n, err := s.ReceiveSome(ctx, buf)
			if err == nil {
				_ = s.SendAll(ctx, append([]byte("you said "), buf[:n]...))
			}
		})
	}()

	s, err := l.Dial(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	_ = s.SendAll(ctx, []byte("hello"))
	buf := make([]byte, 100)
	n, err := s.ReceiveSome(ctx, buf)
	fmt.Println(string(buf[:n]), err)

	_ = l.Close(ctx)
	fmt.Println(<-served)
	// Output:
	// you said hello <nil>
	// memstream: serve: closed on this side
}
