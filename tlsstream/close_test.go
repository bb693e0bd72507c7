package tlsstream_test

import (
	"context"
	"errors"
	"io"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/internal/selfsigned"
	"github.com/tributary-go/tributary/memstream"
	"github.com/tributary-go/tributary/tlsstream"
)

// A closeCounter counts how its stream is closed, and can have it fail.
type closeCounter struct {
	abc.Stream
	closes, forceful atomic.Int32
	err              error
}

func (c *closeCounter) Close(ctx context.Context) error {
	c.closes.Add(1)
	if ctx.Err() != nil {
		c.forceful.Add(1)
	}
	return errors.Join(c.Stream.Close(ctx), c.err)
}

func TestGracefulCloseDoesNotWaitForThePeer(t *testing.T) {
	forEachVersion(t, func(t *testing.T, version uint16) {
		synctest.Test(t, func(t *testing.T) {
			a, b := memstream.Pair(nil)
			counter := &closeCounter{Stream: a}
			client, server := over(t, counter, b, version, nil)
			shake(t, client, server)
			begin := time.Now()
			require.NoError(t, client.Close(bg)) // the peer does nothing
			require.Zero(t, time.Since(begin))
			require.NoError(t, client.Close(bg))
			require.EqualValues(t, 1, counter.closes.Load())
			require.Zero(t, counter.forceful.Load())
			_, err := receiveAll(server)
			require.Equal(t, io.EOF, err)
			require.NoError(t, server.Close(bg), "although the peer is gone")
		})
	})
}

func TestCloseOverAPeerThatReadsNothing(t *testing.T) {
	forEachVersion(t, func(t *testing.T, version uint16) {
		for _, grace := range []time.Duration{0, 2 * time.Second} {
			synctest.Test(t, func(t *testing.T) {
				a, b := memstream.Pair(&memstream.Options{Capacity: memstream.Lockstep})
				counter := &closeCounter{Stream: a, err: errors.New("the transport's own")}
				client, server := over(t, counter, b, version, nil)
				shake(t, client, server)
				begin := time.Now()
				var err error
				if grace == 0 {
					err = closeutil.CloseForcefully(client)
				} else {
					err = closeutil.CloseWithin(bg, client, grace)
					require.ErrorIs(t, err, context.DeadlineExceeded)
				}
				require.ErrorIs(t, err, counter.err)
				require.NotErrorIs(t, err, context.Canceled)
				require.Equal(t, grace, time.Since(begin))
				require.EqualValues(t, 1, counter.closes.Load())
				require.EqualValues(t, 1, counter.forceful.Load())
				require.NoError(t, client.Close(bg))
				_, err = receiveAll(server)
				requireTruncated(t, err)
			})
		}
	})
}

func TestForcefulCloseCutsAGracefulOneShort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := memstream.Pair(&memstream.Options{Capacity: memstream.Lockstep})
		counter := &closeCounter{Stream: a}
		client, server := over(t, counter, b, 0, nil)
		shake(t, client, server)
		first, second := make(chan error, 1), make(chan error, 1)
		go func() { first <- client.Close(bg) }()
		synctest.Wait()
		go func() { second <- client.Close(bg) }()
		synctest.Wait()
		require.Empty(t, first)
		require.Empty(t, second)
		require.NoError(t, closeutil.CloseForcefully(client))
		err := <-first
		require.ErrorIs(t, err, abc.ErrClosed)
		require.NotErrorIs(t, err, context.Canceled)
		require.NoError(t, <-second)
		require.EqualValues(t, 1, counter.closes.Load())
		closeutil.CloseForcefully(server)
	})
}

func TestCloseWakesWhatIsBlocked(t *testing.T) {
	forEachVersion(t, func(t *testing.T, version uint16) {
		for _, ctx := range []context.Context{bg, t.Context()} {
			synctest.Test(t, func(t *testing.T) {
				if ctx != bg { // one of the bubble's own
					c, cancel := context.WithCancel(bg)
					defer cancel()
					ctx = c
				}
				client, server := overMemory(t, memstream.Lockstep, version, nil)
				shake(t, client, server)
				sent, received := make(chan error, 1), make(chan error, 1)
				go func() { sent <- client.SendAll(ctx, make([]byte, 200_000)) }()
				go func() { _, err := client.ReceiveSome(ctx, make([]byte, 1)); received <- err }()
				synctest.Wait()
				require.ErrorIs(t, client.SendAll(ctx, nil), abc.ErrBusy)
				require.ErrorIs(t, client.SendEOF(ctx), abc.ErrBusy)
				_, err := client.ReceiveSome(ctx, make([]byte, 1))
				require.ErrorIs(t, err, abc.ErrBusy)

				err = client.Close(bg)
				require.ErrorContains(t, err, "a send was in progress")
				require.ErrorIs(t, <-sent, abc.ErrClosed)
				require.ErrorIs(t, <-received, abc.ErrClosed)
				_, err = receiveAll(server)
				requireTruncated(t, err)
			})
		}
	})
}

func TestCloseWhileReceivingIsGraceful(t *testing.T) {
	for name, cancellable := range map[string]bool{"background": false, "cancellable": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx := bg
				if cancellable {
					c, cancel := context.WithCancel(bg)
					defer cancel()
					ctx = c
				}
				client, server := overMemory(t, memstream.Lockstep, 0, nil)
				shake(t, client, server)
				received, closed := make(chan error, 1), make(chan error, 1)
				go func() { _, err := client.ReceiveSome(ctx, make([]byte, 1)); received <- err }()
				synctest.Wait()
				go func() { closed <- client.Close(bg) }()
				require.ErrorIs(t, <-received, abc.ErrClosed, "woken before the peer takes close_notify")
				_, err := receiveAll(server)
				require.Equal(t, io.EOF, err)
				require.NoError(t, <-closed)
			})
		})
	}
}

func TestCloseEndsTheHandshake(t *testing.T) {
	for _, graceful := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			a, b := memstream.Pair(nil)
			client := tlsstream.Client(a, selfsigned.Client(0), nil)
			waiting := make(chan error, 3)
			go func() { waiting <- client.Handshake(bg) }()
			go func() { waiting <- client.SendAll(bg, []byte("x")) }()
			go func() { _, err := client.ReceiveSome(bg, make([]byte, 1)); waiting <- err }()
			synctest.Wait()
			if graceful {
				require.NoError(t, client.Close(bg))
			} else {
				require.NoError(t, closeutil.CloseForcefully(client))
			}
			for range cap(waiting) {
				require.ErrorIs(t, <-waiting, abc.ErrClosed)
			}
			require.ErrorIs(t, client.Handshake(bg), abc.ErrClosed)
			require.ErrorIs(t, b.SendAll(bg, []byte("x")), abc.ErrBroken, "the transport is closed")
		})
	}
}

func TestCloseBeforeTheHandshake(t *testing.T) {
	a, b := memstream.Pair(nil)
	client := tlsstream.Client(a, selfsigned.Client(0), nil)
	require.NoError(t, client.Close(bg))
	got, err := receiveAll(b)
	require.Equal(t, io.EOF, err)
	require.Empty(t, got)
}

// What a cancelled send committed goes out before close_notify.
func TestCloseSendsWhatWasCommitted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := overMemory(t, memstream.Lockstep, 0, nil)
		shake(t, client, server)
		ctx, cancel := context.WithTimeout(bg, time.Second)
		defer cancel()
		err := client.SendAll(ctx, []byte("committed"))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, len("committed"), abc.Sent(err))
		closed := make(chan error, 1)
		go func() { closed <- client.Close(bg) }()
		got, err := receiveAll(server)
		require.Equal(t, io.EOF, err)
		require.Equal(t, "committed", string(got))
		require.NoError(t, <-closed)
	})
}

func TestHTTPSCompatibleSendsNoCloseNotify(t *testing.T) {
	a, b := memstream.Pair(nil)
	client := tlsstream.Client(a, selfsigned.Client(0), &tlsstream.Options{HTTPSCompatible: true})
	server := tlsstream.Server(b, selfsigned.Server(0), nil)
	shake(t, client, server)
	require.NoError(t, client.SendAll(bg, []byte("x")))
	require.NoError(t, client.Close(bg))
	got, err := receiveAll(server)
	require.Equal(t, "x", string(got))
	requireTruncated(t, err)
	require.NoError(t, server.Close(bg))
}

// It has no close_notify to leave out, but it cuts the send short all the same.
func TestHTTPSCompatibleCloseDuringASendSaysSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := overMemory(t, memstream.Lockstep, 0, &tlsstream.Options{HTTPSCompatible: true})
		shake(t, client, server)
		sent := make(chan error, 1)
		go func() { sent <- client.SendAll(bg, make([]byte, 200_000)) }()
		synctest.Wait()
		err := client.Close(bg)
		require.ErrorIs(t, err, abc.ErrBroken)
		require.ErrorContains(t, err, "a send was in progress")
		require.ErrorIs(t, <-sent, abc.ErrClosed)
		require.NoError(t, client.Close(bg))
	})
}

// Neither receives what the other sends. The contexts end that.
func TestBothCloseAtOnceOverNoBuffer(t *testing.T) {
	forEachVersion(t, func(t *testing.T, version uint16) {
		synctest.Test(t, func(t *testing.T) {
			client, server := overMemory(t, memstream.Lockstep, version, nil)
			shake(t, client, server)
			short, cancel := context.WithTimeout(bg, time.Second)
			defer cancel()
			first, second := make(chan error, 1), make(chan error, 1)
			begin := time.Now()
			go func() { first <- client.Close(short) }()
			go func() { second <- server.Close(bg) }()
			require.ErrorIs(t, <-first, context.DeadlineExceeded)
			require.NoError(t, <-second, "although the peer is gone")
			require.Equal(t, time.Second, time.Since(begin))
		})
	})
}

// The error of the transport is Close's, once.
func TestTransportsCloseErrorIsReported(t *testing.T) {
	forEachVersion(t, func(t *testing.T, version uint16) {
		for _, shaken := range []bool{false, true} {
			a, b := memstream.Pair(nil)
			counter := &closeCounter{Stream: a, err: errors.New("the transport's own")}
			client, server := over(t, counter, b, version, nil)
			if shaken {
				shake(t, client, server)
			}
			require.ErrorIs(t, client.Close(bg), counter.err)
			require.NoError(t, client.Close(bg))
			require.NoError(t, closeutil.CloseForcefully(client))
			require.EqualValues(t, 1, counter.closes.Load())
			require.Zero(t, counter.forceful.Load())
		}
	})
}

// What was not received is nobody's business any more.
func TestCloseWithUnreadData(t *testing.T) {
	forEachVersion(t, func(t *testing.T, version uint16) {
		client, server := overMemory(t, 0, version, nil)
		shake(t, client, server)
		require.NoError(t, server.SendAll(bg, make([]byte, 10_000)))
		_, err := client.ReceiveSome(bg, make([]byte, 1))
		require.NoError(t, err)
		require.NoError(t, client.Close(bg))
		_, err = receiveAll(server)
		require.Equal(t, io.EOF, err)
	})
}
