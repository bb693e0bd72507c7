package tlsstream_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"sync"
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

// A transport that is slow to give up lets both happen, Close and the end of
// ctx: what came first ended the send, and is its error.
func TestDeadlineAndClose(t *testing.T) {
	for name, timeout := range map[string]time.Duration{"close first": 3 * time.Second, "deadline first": time.Second} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, b := memstream.Pair(nil)
				slow := &hooked{Stream: a}
				client, server := over(t, slow, b, 0, nil)
				shake(t, client, server)
				require.NoError(t, client.WaitSendable(bg))
				slow.send = func(ctx context.Context, p []byte) error {
					<-ctx.Done()
					time.Sleep(10 * time.Second)
					return &abc.OpError{Op: "send", Transport: "test", Err: abc.ContextErr(ctx)}
				}
				ctx, cancel := context.WithTimeout(bg, timeout)
				defer cancel()
				sent := make(chan error, 1)
				go func() { sent <- client.SendAll(ctx, []byte("x")) }()
				time.Sleep(2 * time.Second)
				require.ErrorContains(t, client.Close(bg), "a send was in progress")
				err := <-sent
				require.NotErrorIs(t, err, context.Canceled, "which ctx is not")
				if timeout < 2*time.Second {
					require.ErrorIs(t, err, context.DeadlineExceeded)
				} else {
					require.ErrorIs(t, err, abc.ErrClosed)
				}
			})
		})
	}
}

// Only a SendAll has something that a Close cuts short.
func TestCloseIsGracefulBesideAWaitAndAnEOF(t *testing.T) {
	for name, op := range map[string]func(s *tlsstream.Stream) error{
		"wait": func(s *tlsstream.Stream) error { return s.WaitSendable(bg) },
		"EOF":  func(s *tlsstream.Stream) error { return s.SendEOF(bg) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client, server := overMemory(t, memstream.Lockstep, tls.VersionTLS13, nil)
				shake(t, client, server)
				waiting, closed := make(chan error, 1), make(chan error, 1)
				go func() { waiting <- op(client) }()
				synctest.Wait()
				require.Empty(t, waiting)
				go func() { closed <- client.Close(bg) }()
				require.ErrorIs(t, <-waiting, abc.ErrClosed)
				_, err := receiveAll(server)
				require.Equal(t, io.EOF, err)
				require.NoError(t, <-closed)
			})
		})
	}
}

// Where the transport cannot tell how much of a cancelled send it took, the
// records cannot go on.
func TestTransportThatLosesCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := memstream.Pair(nil)
		lossy := &hooked{Stream: a}
		client, server := over(t, lossy, b, 0, nil)
		shake(t, client, server)
		lossy.send = func(ctx context.Context, p []byte) error {
			<-ctx.Done()
			return &abc.OpError{Op: "send", Transport: "test", Sent: -1, Err: abc.ContextErr(ctx)}
		}
		ctx, cancel := context.WithTimeout(bg, time.Second)
		defer cancel()
		require.ErrorIs(t, client.SendAll(ctx, []byte("x")), context.DeadlineExceeded)
		lossy.send = nil
		for _, err := range []error{client.SendAll(bg, []byte("x")), client.SendEOF(bg)} {
			require.ErrorIs(t, err, abc.ErrBroken)
			require.ErrorContains(t, err, "which bytes the transport took")
		}
		require.NoError(t, server.SendAll(bg, []byte("y")))
		_, err := client.ReceiveSome(bg, make([]byte, 1))
		require.NoError(t, err, "the other half is whole")
		require.ErrorIs(t, client.Close(bg), abc.ErrBroken, "not graceful: the peer sees a truncated stream")
		_, err = receiveAll(server)
		requireTruncated(t, err)
	})
}

func TestSendBlockedWhileThePeerTruncates(t *testing.T) {
	forEachVersion(t, func(t *testing.T, version uint16) {
		synctest.Test(t, func(t *testing.T) {
			client, server := overMemory(t, 0, version, nil)
			shake(t, client, server)
			sent := make(chan error, 1)
			go func() { sent <- client.SendAll(bg, make([]byte, 1<<20)) }()
			synctest.Wait()
			require.Empty(t, sent)
			require.NoError(t, closeutil.CloseForcefully(server))
			err := <-sent
			require.ErrorIs(t, err, abc.ErrBroken)
			require.NotErrorIs(t, err, abc.ErrClosed)
			require.ErrorIs(t, client.SendAll(bg, nil), abc.ErrBroken, "stays")
			if version == tls.VersionTLS13 {
				require.ErrorIs(t, client.SendEOF(bg), abc.ErrBroken)
			}
			_, err = receiveAll(client)
			requireTruncated(t, err)
			require.NoError(t, client.Close(bg), "although the peer is gone")
		})
	})
}

// What the peer sent made no sense: that ends both halves.
func TestAfterAFatalAlertOfOurs(t *testing.T) {
	forEachVersion(t, func(t *testing.T, version uint16) {
		a, b := memstream.Pair(nil)
		client, server := over(t, a, b, version, nil)
		shake(t, client, server)
		require.NoError(t, b.SendAll(bg, []byte{23, 3, 3, 0, 20, 19: 0, 24: 0}))
		_, err := client.ReceiveSome(bg, make([]byte, 1))
		require.ErrorIs(t, err, abc.ErrBroken)
		var alert tls.AlertError
		require.False(t, errors.As(err, &alert), "that is for the peer's")
		_, err = server.ReceiveSome(bg, make([]byte, 1)) // nothing else has to be called
		require.ErrorAs(t, err, &alert)
		require.EqualValues(t, 20, alert, "bad_record_mac")
		require.ErrorIs(t, client.SendAll(bg, []byte("x")), abc.ErrBroken)
		if version == tls.VersionTLS13 {
			require.ErrorIs(t, client.SendEOF(bg), abc.ErrBroken)
		}
	})
}

// What the transport calls its failure does not matter, nor that it gets over it.
func TestTransportThatFails(t *testing.T) {
	a, b := memstream.Pair(nil)
	failing := &hooked{Stream: a}
	client, server := over(t, failing, b, 0, nil)
	shake(t, client, server)
	cause := errors.New("out of paper")
	failing.send = func(context.Context, []byte) error { return cause }
	err := client.SendAll(bg, []byte("x"))
	require.ErrorIs(t, err, abc.ErrBroken)
	require.ErrorIs(t, err, cause)
	failing.send = nil
	require.ErrorIs(t, client.SendAll(bg, []byte("x")), abc.ErrBroken, "stays")

	require.NoError(t, a.Close(bg)) // below us
	_, err = client.ReceiveSome(bg, make([]byte, 1))
	require.ErrorIs(t, err, abc.ErrClosed)
	require.NotErrorIs(t, err, abc.ErrBroken)
}

// A Close comes at any moment, from many goroutines at once.
func TestCloseAtAnyMoment(t *testing.T) {
	forEachVersion(t, func(t *testing.T, version uint16) {
		for round := range 300 {
			a, b := memstream.Pair(&memstream.Options{Capacity: []int{0, 1, memstream.Lockstep}[round%3]})
			client := tlsstream.Client(a, selfsigned.Client(version), nil)
			server := tlsstream.Server(b, selfsigned.Server(version), nil)
			ctx, cancel := context.WithTimeout(bg, time.Minute)
			var wg sync.WaitGroup
			start := make(chan struct{})
			errs := make(chan error, 100)
			for _, s := range []*tlsstream.Stream{client, server} {
				for _, op := range []func() error{
					func() error { return s.Handshake(ctx) },
					func() error { return s.SendAll(ctx, make([]byte, 100_000)) },
					func() error { return s.WaitSendable(ctx) },
					func() error { _, err := receiveAll(s); return err },
				} {
					wg.Go(func() { <-start; errs <- op() })
				}
			}
			for i := range 3 {
				wg.Go(func() {
					<-start
					for range round * 10 {
						_ = ctx.Err() // moves the moment
					}
					if i == 0 {
						_ = client.Close(ctx)
					} else {
						_ = closeutil.CloseForcefully(client)
					}
				})
			}
			close(start)
			wg.Go(func() { _, _ = receiveAll(client); _ = closeutil.CloseForcefully(server) })
			wg.Wait()
			require.NoError(t, ctx.Err())
			close(errs)
			for err := range errs {
				if err != nil {
					require.NotErrorIs(t, err, context.Canceled)
				}
			}
			cancel()
		}
	})
}

// Each layer says goodbye before the one below it is closed.
func TestCloseOrderOfTLSOverTLS(t *testing.T) {
	forEachVersion(t, func(t *testing.T, version uint16) {
		synctest.Test(t, func(t *testing.T) {
			innerC, innerS := overMemory(t, 0, version, nil)
			outerC, outerS := over(t, innerC, innerS, version, nil)
			shake(t, outerC, outerS)
			require.NoError(t, outerC.Close(bg))
			_, err := innerC.ReceiveSome(bg, make([]byte, 1))
			require.ErrorIs(t, err, abc.ErrClosed)
			_, err = receiveAll(outerS)
			require.Equal(t, io.EOF, err)
			_, err = receiveAll(innerS)
			require.Equal(t, io.EOF, err, "the layer below ended cleanly too")
			require.NoError(t, outerS.Close(bg))
		})
	})
}
