package tlsstream_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
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

// detached is the result of a Detach.
type detached struct {
	transport abc.Stream
	trailing  []byte
	err       error
}

func goDetach(ctx context.Context, s *tlsstream.Stream) <-chan detached {
	result := make(chan detached, 1)
	go func() {
		transport, trailing, err := s.Detach(ctx)
		result <- detached{transport, trailing, err}
	}()
	return result
}

// requireUsable sends plaintext through the transports that two ends detached.
func requireUsable(t *testing.T, a, b abc.Stream) {
	t.Helper()
	for _, way := range [][2]abc.Stream{{a, b}, {b, a}} {
		sent := make(chan error, 1)
		go func() { sent <- way[0].SendAll(bg, []byte("in the clear")) }()
		got := make([]byte, 0, 12)
		for len(got) < cap(got) {
			n, err := way[1].ReceiveSome(bg, got[len(got):cap(got)])
			require.NoError(t, err)
			got = got[:len(got)+n]
		}
		require.Equal(t, "in the clear", string(got))
		require.NoError(t, <-sent)
	}
}

// Without a handshake before, so that it is part of it.
func TestDetachOnBothSidesAtOnce(t *testing.T) {
	forEachVersion(t, func(t *testing.T, version uint16) {
		forEachCapacity(t, func(t *testing.T, capacity int) {
			synctest.Test(t, func(t *testing.T) {
				a, b := memstream.Pair(&memstream.Options{Capacity: capacity})
				client, server := over(t, a, b, version, nil)
				ctx, cancel := context.WithCancel(bg)
				x, y := goDetach(ctx, client), goDetach(ctx, server)
				for transport, result := range map[abc.Stream]detached{a: <-x, b: <-y} {
					require.NoError(t, result.err)
					require.Same(t, transport, result.transport)
					require.Empty(t, result.trailing)
				}
				cancel()
				requireUsable(t, a, b)
			})
		})
	})
}

func TestAfterDetach(t *testing.T) {
	forEachVersion(t, func(t *testing.T, version uint16) {
		a, b := memstream.Pair(nil)
		counter := &closeCounter{Stream: a}
		client, server := over(t, counter, b, version, nil)
		other := goDetach(bg, server)
		_, _, err := client.Detach(bg)
		require.NoError(t, err)
		require.NoError(t, (<-other).err)

		_, err = client.ReceiveSome(bg, make([]byte, 1))
		require.ErrorIs(t, err, abc.ErrClosed)
		_, _, err = client.Detach(bg)
		require.ErrorIs(t, err, abc.ErrClosed)
		for _, op := range []func(context.Context) error{
			func(ctx context.Context) error { return client.SendAll(ctx, nil) },
			client.SendEOF, client.WaitSendable, client.Handshake,
		} {
			require.ErrorIs(t, op(bg), abc.ErrClosed)
		}
		_, err = client.ConnectionState()
		require.NoError(t, err, "what was agreed on stays known")
		require.NoError(t, client.Close(bg))
		require.NoError(t, closeutil.CloseForcefully(client))
		require.Zero(t, counter.closes.Load())
		requireUsable(t, a, b)
	})
}

// What comes behind close_notify in the same chunk, and after it, is exactly
// what the peer sent in the clear.
func TestDetachReturnsWhatFollowsCloseNotify(t *testing.T) {
	forEachVersion(t, func(t *testing.T, version uint16) {
		for _, size := range []int{0, 1, 5, 6, 400, 70_000} {
			for _, data := range []int{0, 1, 20_000, 300_000} {
				t.Run(fmt.Sprintf("plain=%d,data=%d", size, data), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						a, b := memstream.Pair(&memstream.Options{Capacity: memstream.Unbounded})
						gated := &hooked{Stream: a}
						client, server := over(t, gated, b, version, nil)
						shake(t, client, server)
						gate := make(chan struct{})
						gated.receive = func(ctx context.Context, p []byte) (int, error) {
							select {
							case <-gate:
								return a.ReceiveSome(ctx, p)
							case <-ctx.Done():
								return 0, abc.ContextErr(ctx)
							}
						}
						plain := bytes.Repeat([]byte{21, 3, 3, 0, 2, 1, 0}, size/7+1)[:size] // like an alert
						require.NoError(t, server.SendAll(bg, make([]byte, data)))
						early := goDetach(bg, client)
						transport, trailing, err := server.Detach(bg)
						require.NoError(t, err)
						require.Empty(t, trailing)
						require.NoError(t, transport.SendAll(bg, plain))
						require.NoError(t, transport.Close(bg))
						synctest.Wait()
						close(gate)

						result := <-early
						if data > 0 {
							require.ErrorIs(t, result.err, tlsstream.ErrUnreadData)
							got, err := receiveAll(client)
							require.Equal(t, io.EOF, err)
							require.Len(t, got, data)
							result = <-goDetach(bg, client)
						}
						require.NoError(t, result.err)
						if size > 0 {
							require.NotEmpty(t, result.trailing, "they came together")
						}
						rest, err := receiveAll(a)
						require.Equal(t, io.EOF, err)
						require.True(t, bytes.Equal(plain, append(result.trailing, rest...)), "%d+%d", len(result.trailing), len(rest))
					})
				})
			}
		}
	})
}

// Trio's unwrap breaks the stream here.
func TestDetachWithUnreadData(t *testing.T) {
	forEachVersion(t, func(t *testing.T, version uint16) {
		for name, before := range map[string]int{"nothing received before": 0, "a part received before": 2} {
			t.Run(name, func(t *testing.T) {
				client, server := overMemory(t, 0, version, nil)
				shake(t, client, server)
				data := bytes.Repeat([]byte("unread"), 5000)
				require.NoError(t, server.SendAll(bg, data))
				got := make([]byte, before)
				if before > 0 {
					_, err := client.ReceiveSome(bg, got)
					require.NoError(t, err)
				}
				for range 2 {
					_, _, err := client.Detach(bg)
					require.ErrorIs(t, err, tlsstream.ErrUnreadData)
					require.NotErrorIs(t, err, abc.ErrBroken)
				}
				require.ErrorIs(t, client.SendAll(bg, []byte("x")), abc.ErrClosed)
				require.ErrorIs(t, client.WaitSendable(bg), abc.ErrClosed)
				other := goDetach(bg, server)
				buf := make([]byte, 1000)
				for {
					n, err := client.ReceiveSome(bg, buf)
					if err == io.EOF {
						break
					}
					require.NoError(t, err)
					got = append(got, buf[:n]...)
				}
				require.True(t, bytes.Equal(data, got))
				transport, trailing, err := client.Detach(bg)
				require.NoError(t, err)
				require.Empty(t, trailing)
				require.NoError(t, (<-other).err)
				requireUsable(t, transport, server.Unwrap().(abc.Stream))
			})
		}
	})
}

func TestCancelledDetach(t *testing.T) {
	forEachVersion(t, func(t *testing.T, version uint16) {
		forEachCapacity(t, func(t *testing.T, capacity int) {
			synctest.Test(t, func(t *testing.T) {
				a, b := memstream.Pair(&memstream.Options{Capacity: capacity})
				client, server := over(t, a, b, version, nil)
				shake(t, client, server)
				for range 3 {
					cause := errors.New("enough")
					ctx, cancel := context.WithTimeoutCause(bg, time.Second, cause)
					transport, trailing, err := client.Detach(ctx)
					cancel()
					require.ErrorIs(t, err, context.DeadlineExceeded)
					require.ErrorIs(t, err, cause)
					require.Nil(t, transport)
					require.Nil(t, trailing)
				}
				_, err := receiveAll(server)
				require.Equal(t, io.EOF, err, "close_notify is committed")
				sent := make(chan error, 1)
				go func() { sent <- server.SendAll(bg, []byte("one more thing")) }()
				buf := make([]byte, 100)
				n, err := client.ReceiveSome(bg, buf)
				require.NoError(t, err)
				require.Equal(t, "one more thing", string(buf[:n]))
				require.NoError(t, <-sent)
				other := goDetach(bg, server)
				_, _, err = client.Detach(bg)
				require.NoError(t, err)
				require.NoError(t, (<-other).err)
				requireUsable(t, a, b)
			})
		})
	})
}

func TestDetachExcludesTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := overMemory(t, memstream.Lockstep, 0, nil)
		shake(t, client, server)
		waiting := make(chan error, 1)
		for _, op := range []func(context.Context) error{
			func(ctx context.Context) error { _, err := client.ReceiveSome(ctx, make([]byte, 1)); return err },
			client.WaitSendable,
			func(ctx context.Context) error { return client.SendAll(ctx, make([]byte, 100_000)) },
		} {
			ctx, cancel := context.WithCancel(bg)
			go func() { waiting <- op(ctx) }()
			synctest.Wait()
			_, _, err := client.Detach(bg)
			require.ErrorIs(t, err, abc.ErrBusy)
			require.Empty(t, waiting, "it goes on")
			cancel()
			require.ErrorIs(t, <-waiting, context.Canceled)
			_, _, err = client.Detach(ctx)
			require.ErrorIs(t, err, context.Canceled)
		}

		result := goDetach(bg, client)
		synctest.Wait()
		_, err := client.ReceiveSome(bg, make([]byte, 1))
		require.ErrorIs(t, err, abc.ErrBusy)
		_, _, err = client.Detach(bg)
		require.ErrorIs(t, err, abc.ErrBusy)
		require.ErrorIs(t, client.SendAll(bg, nil), abc.ErrBusy)
		require.ErrorIs(t, client.SendEOF(bg), abc.ErrBusy)
		require.ErrorIs(t, client.WaitSendable(bg), abc.ErrBusy)
		require.NoError(t, client.Handshake(bg))
		require.NoError(t, closeutil.CloseForcefully(server))
		require.ErrorIs(t, (<-result).err, abc.ErrBroken)
	})
}

func TestCloseEndsDetach(t *testing.T) {
	forEachVersion(t, func(t *testing.T, version uint16) {
		for _, shaken := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				a, b := memstream.Pair(nil)
				counter := &closeCounter{Stream: a}
				client, server := over(t, counter, b, version, nil)
				if shaken {
					shake(t, client, server)
				}
				result := goDetach(bg, client)
				synctest.Wait()
				require.NoError(t, client.Close(bg), "it cuts no data short")
				require.ErrorIs(t, (<-result).err, abc.ErrClosed)
				require.EqualValues(t, 1, counter.closes.Load())
				if shaken {
					_, err := receiveAll(server)
					require.Equal(t, io.EOF, err)
				}
				_, _, err := client.Detach(bg)
				require.ErrorIs(t, err, abc.ErrClosed)
			})
		}
	})
}

// Close and Detach at the same time: the transport is either closed or handed
// over.
func TestCloseAndDetachAtTheSameTime(t *testing.T) {
	outcomes := map[bool]int{}
	for round := range 100 {
		a, b := memstream.Pair(nil)
		counter := &closeCounter{Stream: a}
		client, server := over(t, counter, b, 0, nil)
		shake(t, client, server)
		require.NoError(t, server.SendEOF(bg))
		var wg sync.WaitGroup
		start := make(chan struct{})
		var err, closeErr error
		wg.Go(func() {
			<-start
			_, _, err = client.Detach(bg)
		})
		wg.Go(func() {
			<-start
			for range round * 100 {
				_ = bg.Err() // moves the moment
			}
			closeErr = client.Close(bg)
		})
		close(start)
		wg.Wait()
		require.NoError(t, closeErr)
		if err != nil {
			require.ErrorIs(t, err, abc.ErrClosed)
		}
		require.EqualValues(t, err != nil, counter.closes.Load() == 1)
		outcomes[err == nil]++
	}
	t.Log("detached or not:", outcomes)
}

func TestDetachAfterTheEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := overMemory(t, memstream.Lockstep, tls.VersionTLS13, nil)
		shake(t, client, server)
		sent := make(chan error, 1)
		go func() { sent <- client.SendEOF(bg) }()
		_, err := receiveAll(server)
		require.Equal(t, io.EOF, err)
		require.NoError(t, <-sent)
		x, y := goDetach(bg, client), goDetach(bg, server)
		for _, result := range []detached{<-x, <-y} {
			require.NoError(t, result.err)
		}
	})
}

func TestDetachFromATruncatedStream(t *testing.T) {
	forEachVersion(t, func(t *testing.T, version uint16) {
		for _, https := range []bool{false, true} {
			for _, receivedBefore := range []bool{false, true} {
				a, b := memstream.Pair(nil)
				client, server := over(t, a, b, version, &tlsstream.Options{HTTPSCompatible: https})
				shake(t, client, server)
				require.NoError(t, b.SendEOF(bg), "below it")
				if receivedBefore {
					_, err := receiveAll(client)
					require.Equal(t, https, err == io.EOF)
				}
				for range 2 {
					_, _, err := client.Detach(bg)
					requireTruncated(t, err)
				}
			}
		}
	})
}

// There may never be an answer to a close_notify that cannot be sent.
func TestDetachThatCannotSend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := memstream.Pair(nil)
		failing := &hooked{Stream: a}
		client, server := over(t, failing, b, 0, nil)
		shake(t, client, server)
		cause := errors.New("out of paper")
		failing.send = func(context.Context, []byte) error { return cause }
		for range 2 {
			_, _, err := client.Detach(bg)
			require.ErrorIs(t, err, abc.ErrBroken)
			require.ErrorIs(t, err, cause)
		}
	})
}

// The answer to a KeyUpdate would be taken for plaintext.
func TestNothingFollowsCloseNotify(t *testing.T) {
	for _, detach := range []bool{false, true} {
		peer, server := rawOver(t, 0)
		var result <-chan detached
		if detach {
			result = goDetach(bg, server)
		} else {
			require.NoError(t, server.SendEOF(bg))
		}
		require.Equal(t, []byte{1, 0}, peer.receiveAlert(t))
		require.NoError(t, peer.askForKeys(bg))
		if !detach {
			require.NoError(t, peer.sendData(bg, []byte("x")))
			_, err := server.ReceiveSome(bg, make([]byte, 1))
			require.NoError(t, err, "the new keys are used, if not answered")
			result = goDetach(bg, server)
		}
		require.NoError(t, peer.transport.SendAll(bg, peer.send.seal(recordAlert, []byte{1, 0})))
		require.NoError(t, (<-result).err)
		requireUsable(t, server.Unwrap().(abc.Stream), peer.transport)
	}
}

func TestDetachFromTLSOverTLS(t *testing.T) {
	forEachVersion(t, func(t *testing.T, version uint16) {
		innerC, innerS := overMemory(t, memstream.Lockstep, version, nil)
		outerC, outerS := over(t, innerC, innerS, version, nil)
		x, y := goDetach(bg, outerC), goDetach(bg, outerS)
		require.NoError(t, (<-x).err)
		require.NoError(t, (<-y).err)
		requireUsable(t, innerC, innerS)
	})
}

// A new TLS on what was detached, with what trailed: a peer that is in a hurry.
func TestTLSAgainAfterDetach(t *testing.T) {
	forEachVersion(t, func(t *testing.T, version uint16) {
		forEachCapacity(t, func(t *testing.T, capacity int) {
			synctest.Test(t, func(t *testing.T) {
				a, b := memstream.Pair(&memstream.Options{Capacity: capacity})
				client, server := over(t, a, b, version, nil)
				for range 3 {
					x, y := goDetach(bg, client), goDetach(bg, server)
					done := make(chan struct{})
					go func() {
						defer close(done)
						result := <-x
						client = tlsstream.Client(result.transport, selfsigned.Client(version), &tlsstream.Options{Prebuffered: result.trailing})
						_ = client.Handshake(bg)
					}()
					result := <-y
					require.NoError(t, result.err)
					server = tlsstream.Server(result.transport, selfsigned.Server(version), &tlsstream.Options{Prebuffered: result.trailing})
					require.NoError(t, server.Handshake(bg))
					<-done
				}
				closeutil.CloseForcefully(client)
				closeutil.CloseForcefully(server)
			})
		})
	})
}
