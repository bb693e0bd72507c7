package listener_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/listener"
	"github.com/tributary-go/tributary/memstream"
)

func accept(t *testing.T, q *listener.AcceptQueue) abc.Stream {
	t.Helper()
	s, err := q.Accept(t.Context())
	require.NoError(t, err)
	return s
}

func TestQueueOfANilListenerPanics(t *testing.T) {
	require.PanicsWithValue(t, "listener: Queue of a nil listener", func() { listener.Queue(t.Context(), nil) })
}

func TestTakenStreamsLiveUntilTheyAreClosed(t *testing.T) {
	for name, end := range map[string]func(*listener.AcceptQueue, context.CancelFunc){
		"graceful Close": func(q *listener.AcceptQueue, _ context.CancelFunc) { _ = q.Close(context.Background()) },
		"forceful Close": func(q *listener.AcceptQueue, _ context.CancelFunc) { _ = closeutil.CloseForcefully(q) },
		"ctx done":       func(_ *listener.AcceptQueue, cancel context.CancelFunc) { cancel() },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				mem := memstream.NewListener(nil)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				q := listener.Queue(ctx, mem)
				client := dialMem(t, mem)
				server := accept(t, q)
				waiting := dialMem(t, mem)
				synctest.Wait()

				begun := time.Now()
				end(q, cancel)
				require.Zero(t, time.Since(begun))
				synctest.Wait()
				requirePeerClosed(t, waiting)
				requirePeerOpen(t, client)
				n, err := server.ReceiveSome(t.Context(), make([]byte, 9))
				require.NoError(t, err)
				require.Equal(t, 1, n)

				require.NoError(t, server.Close(t.Context()))
				requirePeerClosed(t, client)
				require.NoError(t, q.Close(t.Context()))
				// The bubble ends only if no goroutine is left.
			})
		})
	}
}

func TestStreamIsHandedOutOnceAmongManyAccepts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mem := memstream.NewListener(nil)
		q := listener.Queue(t.Context(), mem)
		const n = 100
		clients := make(map[int]*memstream.Stream, n)
		var mu sync.Mutex
		var taken []byte
		var wg sync.WaitGroup
		for i := range 5 {
			wg.Go(func() {
				for range n / 5 {
					ctx, cancel := context.WithTimeout(context.Background(), time.Duration(i)*time.Millisecond)
					s, err := q.Accept(ctx) // often cancelled: nothing may get lost
					cancel()
					if err != nil {
						s, err = q.Accept(context.Background())
					}
					if err != nil {
						panic(err)
					}
					var b [1]byte
					_, _ = s.ReceiveSome(context.Background(), b[:])
					mu.Lock()
					taken = append(taken, b[0])
					mu.Unlock()
					_ = s.Close(context.Background())
				}
			})
		}
		for i := range n {
			clients[i] = dialMem(t, mem)
			require.NoError(t, clients[i].SendAll(t.Context(), []byte{byte(i)}))
			time.Sleep(time.Millisecond)
		}
		wg.Wait()
		require.Len(t, taken, n)
		seen := map[byte]bool{}
		for _, b := range taken {
			seen[b] = true
		}
		require.Len(t, seen, n)
		require.NoError(t, q.Close(t.Context()))
	})
}

func TestAcceptOfAQueueEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mem := memstream.NewListener(nil)
		q := listener.Queue(t.Context(), mem)
		done, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := q.Accept(done)
		requireOpError(t, err, "accept", context.Canceled)

		accepted := make(chan error, 1)
		go func() {
			_, err := q.Accept(t.Context())
			accepted <- err
		}()
		synctest.Wait()
		require.Empty(t, accepted)
		require.NoError(t, q.Close(t.Context()))
		requireOpError(t, <-accepted, "accept", abc.ErrClosed)
		_, err = q.Accept(t.Context())
		requireOpError(t, err, "accept", abc.ErrClosed)
		_, err = q.Accept(done)
		requireOpError(t, err, "accept", context.Canceled)
		require.NoError(t, q.Close(t.Context()))
		synctest.Wait()
		_, err = mem.Dial(t.Context())
		require.ErrorIs(t, err, abc.ErrClosed)
	})
}

func TestAcceptReturnsTheErrorOfServe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		boom := errors.New("boom")
		broken := &brokenListener{fail: make(chan struct{}), err: boom}
		q := listener.Queue(t.Context(), broken)
		close(broken.fail)
		for range 2 {
			_, err := q.Accept(t.Context())
			requireOpError(t, err, "accept", boom)
		}
		require.NoError(t, q.Close(t.Context()))

		// The end of the queue's own ctx.
		why := errors.New("why")
		ctx, cancel := context.WithCancelCause(t.Context())
		q = listener.Queue(ctx, memstream.NewListener(nil))
		cancel(why)
		_, err := q.Accept(t.Context())
		requireOpError(t, err, "accept", why)
		require.ErrorIs(t, err, context.Canceled)
		require.NoError(t, q.Close(t.Context()))
	})
}

// Serve itself returns only after the taken streams were closed.
func TestAcceptHearsOfAFailureWhileStreamsAreTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		boom := errors.New("boom")
		a := newChanAcceptor()
		q := listener.Queue(t.Context(), listener.New(a, nil))
		client, server := memstream.Pair(nil)
		a.incoming <- server
		s := accept(t, q)
		a.errs <- boom
		_, err := q.Accept(t.Context())
		requireOpError(t, err, "accept", boom)
		requirePeerOpen(t, client)
		require.NoError(t, s.Close(t.Context()))
		require.NoError(t, q.Close(t.Context()))
	})
}

func TestQueuedStreamPassesOnWhatItsStreamCan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mem := memstream.NewListener(&memstream.Options{Capacity: 4})
		q := listener.Queue(t.Context(), mem)
		client := dialMem(t, mem)
		s := accept(t, q)

		inner, ok := abc.As[*memstream.Stream](s)
		require.True(t, ok)
		require.NotNil(t, inner)
		require.NoError(t, abc.SendVector(t.Context(), s, []byte("ab"), []byte("cd")))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.ErrorIs(t, abc.WaitSendable(ctx, s), context.DeadlineExceeded)
		var b [4]byte
		_, err := client.ReceiveSome(t.Context(), b[:])
		require.NoError(t, err)
		require.Equal(t, "abcd", string(b[:]))

		src, dst := memstream.Pair(nil)
		require.NoError(t, src.SendAll(t.Context(), []byte("wxyz")))
		require.NoError(t, src.SendEOF(t.Context()))
		n, err := abc.Copy(t.Context(), s, dst)
		require.NoError(t, err)
		require.EqualValues(t, 4, n)
		require.NoError(t, s.Close(t.Context()))
		require.NoError(t, q.Close(t.Context()))
	})
}

// A stream that is no SendWaiter does not become one that says nil whatever
// happens.
func TestQueuedStreamSaysThatItIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mem := memstream.NewListener(nil)
		q := listener.Queue(t.Context(), wrapped{mem})
		dialMem(t, mem)
		s := accept(t, q)
		require.NoError(t, abc.WaitSendable(t.Context(), s))
		require.NoError(t, s.Close(t.Context()))
		require.ErrorIs(t, abc.WaitSendable(t.Context(), s), abc.ErrClosed)
		require.NoError(t, q.Close(t.Context()))
	})
}

// wrapped serves streams without optional interfaces.
type wrapped struct{ abc.Listener }

func (l wrapped) Serve(ctx context.Context, h abc.Handler) error {
	return l.Listener.Serve(ctx, func(ctx context.Context, s abc.Stream) { h(ctx, struct{ abc.Stream }{s}) })
}

// slowStream's graceful Close lasts until its ctx is done.
type slowStream struct{ abc.Stream }

func (s slowStream) Close(ctx context.Context) error {
	<-ctx.Done()
	_ = closeutil.CloseForcefully(s.Stream)
	return abc.ContextErr(ctx)
}

func TestQueuedStreamIsReleasedByTheFirstCloseThatReturns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newChanAcceptor()
		l := listener.New(a, nil)
		q := listener.Queue(t.Context(), l)
		_, server := memstream.Pair(nil)
		a.incoming <- slowStream{server}
		s := accept(t, q)
		graceful := make(chan error, 1)
		go func() { graceful <- closeutil.CloseWithin(t.Context(), s, time.Hour) }()
		require.NoError(t, q.Close(t.Context()))
		closed := make(chan error, 1)
		go func() { closed <- l.Close(t.Context()) }() // waits for the handler
		synctest.Wait()
		require.Empty(t, closed)
		require.NoError(t, closeutil.CloseForcefully(s))
		require.NoError(t, <-closed)
		require.Empty(t, graceful)
		require.ErrorIs(t, <-graceful, context.DeadlineExceeded)
	})
}

// Those that come while nobody takes any stay in the transport's queue.
func TestQueueIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n, limit, some = 1000, 128, 32
		a := newChanAcceptor()
		a.incoming = make(chan abc.Stream, n)
		var clients []*memstream.Stream
		for range n {
			client, s := memstream.Pair(nil)
			a.incoming <- s
			clients = append(clients, client)
		}
		l := listener.New(a, nil)
		q := listener.Queue(t.Context(), layer{withoutStats{l}})
		synctest.Wait()
		accepted := l.Stats().Accepted
		require.GreaterOrEqual(t, accepted, int64(limit))
		require.Less(t, accepted, int64(limit+some))
		for taken := 1; taken <= n; taken++ {
			require.NoError(t, accept(t, q).Close(t.Context()))
			if taken%100 == 0 {
				synctest.Wait()
				require.Less(t, l.Stats().Accepted, int64(taken+limit+some))
			}
		}
		for _, client := range clients {
			requirePeerClosed(t, client)
		}
		require.NoError(t, q.Close(t.Context()))
		synctest.Wait()
		require.Equal(t, abc.ListenerStats{Accepted: n}, l.Stats())
	})
}

// handshaking is a layer whose handshake takes a minute.
type handshaking struct{ abc.Listener }

func (l handshaking) Serve(ctx context.Context, h abc.Handler) error {
	return l.Listener.Serve(ctx, func(ctx context.Context, s abc.Stream) {
		time.Sleep(time.Minute)
		h(ctx, s)
	})
}

// Peers that are slow to say hello don't use up the queue.
func TestHandshakesAreNotInTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newChanAcceptor()
		a.incoming = make(chan abc.Stream, 500)
		for range cap(a.incoming) {
			_, s := memstream.Pair(nil)
			a.incoming <- s
		}
		l := listener.New(a, nil)
		q := listener.Queue(t.Context(), handshaking{l})
		synctest.Wait()
		require.EqualValues(t, 500, l.Stats().Active)
		require.NoError(t, q.Close(t.Context()))
		time.Sleep(time.Minute)
	})
}

func TestListenerMayBeMadeOfAQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mem := memstream.NewListener(nil)
		l := listener.New(listener.Queue(t.Context(), mem), &listener.Options{MaxConns: 1})
		ended := start(t.Context(), l, untilCtxDone)
		client := dialMem(t, mem)
		synctest.Wait()
		requirePeerOpen(t, client)
		require.NoError(t, closeutil.CloseForcefully(l))
		requirePeerClosed(t, client)
		requireEndedSoon(t, ended, abc.ErrClosed)
	})
}
