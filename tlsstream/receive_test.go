package tlsstream_test

import (
	"context"
	"fmt"
	"io"
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

// A receive is cancelled before each byte of two records and close_notify.
func TestReceiveCancelledBeforeEveryByte(t *testing.T) {
	forEachVersion(t, func(t *testing.T, version uint16) {
		synctest.Test(t, func(t *testing.T) {
			a, b := memstream.Pair(nil)
			below, recorder := &hooked{Stream: a}, &hooked{Stream: b}
			client, server := over(t, below, recorder, version, nil)
			shake(t, client, server)
			require.NoError(t, server.SendAll(bg, []byte("zero ")))
			buf := make([]byte, 10)
			n, err := client.ReceiveSome(bg, buf) // so that tickets are out of the way
			require.NoError(t, err)
			got := string(buf[:n])

			arriving := make(chan byte, 1000)
			recorder.send = func(_ context.Context, p []byte) error {
				for _, c := range p {
					arriving <- c
				}
				return nil
			}
			below.receive = func(ctx context.Context, p []byte) (int, error) {
				select {
				case p[0] = <-arriving:
					return 1, nil
				case <-ctx.Done():
					return 0, abc.ContextErr(ctx)
				}
			}
			require.NoError(t, server.SendAll(bg, []byte("one ")))
			require.NoError(t, server.SendAll(bg, []byte("two")))
			require.NoError(t, server.Close(bg))
			wire := arriving
			arriving = make(chan byte, 1)
			for range len(wire) {
				arriving <- <-wire
				ctx, cancel := context.WithTimeout(bg, time.Second)
				n, err = client.ReceiveSome(ctx, buf)
				cancel()
				got += string(buf[:n])
				if err != nil && len(wire) > 0 {
					require.ErrorIs(t, err, context.DeadlineExceeded)
				}
			}
			require.Equal(t, io.EOF, err)
			require.Equal(t, "zero one two", got)
		})
	})
}

// Under TLS 1.2 an alert's header shows; crypto/tls then reads it together with
// the data before it.
func TestDataTogetherWithCloseNotify(t *testing.T) {
	forEachVersion(t, func(t *testing.T, version uint16) {
		client, server := overMemory(t, 0, version, nil)
		shake(t, client, server)
		require.NoError(t, server.SendAll(bg, []byte("data")))
		require.NoError(t, server.Close(bg))
		buf := make([]byte, 10)
		n, err := client.ReceiveSome(bg, buf)
		require.NoError(t, err)
		require.Equal(t, "data", string(buf[:n]))
		for range 2 {
			_, err = client.ReceiveSome(bg, buf)
			require.Equal(t, io.EOF, err)
		}
	})
}

func TestHTTPSCompatibleOnEitherSide(t *testing.T) {
	forEachVersion(t, func(t *testing.T, version uint16) {
		for _, sender := range []bool{false, true} {
			for _, receiver := range []bool{false, true} {
				t.Run(fmt.Sprintf("sender=%t,receiver=%t", sender, receiver), func(t *testing.T) {
					a, b := memstream.Pair(nil)
					client := tlsstream.Client(a, selfsigned.Client(version), &tlsstream.Options{HTTPSCompatible: receiver})
					server := tlsstream.Server(b, selfsigned.Server(version), &tlsstream.Options{HTTPSCompatible: sender})
					shake(t, client, server)
					require.NoError(t, server.SendAll(bg, []byte("body")))
					require.NoError(t, server.Close(bg))
					got, err := receiveAll(client)
					require.Equal(t, "body", string(got))
					if sender && !receiver {
						requireTruncated(t, err)
					} else {
						require.Equal(t, io.EOF, err)
					}
					require.NoError(t, client.Close(bg))
				})
			}
		}
	})
}

// crypto/tls looks behind the data of TLS 1.2 for a close_notify, and would hold
// back the data until the rest of it has come.
func TestDataTogetherWithHalfACloseNotify(t *testing.T) {
	forEachVersion(t, func(t *testing.T, version uint16) {
		for _, part := range []int{1, 4, 5, 6} {
			synctest.Test(t, func(t *testing.T) {
				a, b := memstream.Pair(nil)
				var sent []byte
				recorder := &hooked{Stream: b}
				client, server := over(t, a, recorder, version, nil)
				shake(t, client, server)
				require.NoError(t, server.SendAll(bg, nil)) // tickets have left
				recorder.send = func(_ context.Context, p []byte) error { sent = append(sent, p...); return nil }
				require.NoError(t, server.SendAll(bg, []byte("data")))
				end := len(sent)
				require.NoError(t, closeWithoutTransport(recorder, server))
				require.NoError(t, b.SendAll(bg, sent[:end+part]))
				buf := make([]byte, 10)
				n, err := client.ReceiveSome(bg, buf) // would be a deadlock
				require.NoError(t, err)
				require.Equal(t, "data", string(buf[:n]))
				require.NoError(t, b.SendAll(bg, sent[end+part:]))
				_, err = client.ReceiveSome(bg, buf)
				require.Equal(t, io.EOF, err)
				require.NoError(t, b.Close(bg))
			})
		}
	})
}

func closeWithoutTransport(h *hooked, s *tlsstream.Stream) error {
	h.close = func(context.Context) error { return nil }
	return s.Close(bg)
}

// Neither the receives that were cancelled count, nor the send that was.
func TestReceivingSurvivesThousandsOfCancelledReceives(t *testing.T) {
	forEachVersion(t, func(t *testing.T, version uint16) {
		for _, capacity := range []int{0, memstream.Lockstep} {
			synctest.Test(t, func(t *testing.T) {
				client, server := overMemory(t, capacity, version, nil)
				shake(t, client, server)
				ctx, cancel := context.WithTimeout(bg, time.Second)
				err := client.SendAll(ctx, make([]byte, 1<<20))
				cancel()
				require.ErrorIs(t, err, context.DeadlineExceeded)
				buf := make([]byte, 10)
				for range 3000 {
					ctx, cancel := context.WithTimeout(bg, time.Millisecond)
					_, err := client.ReceiveSome(ctx, buf)
					cancel()
					require.ErrorIs(t, err, context.DeadlineExceeded)
				}
				sent := make(chan error, 1)
				go func() { sent <- server.SendAll(bg, []byte("x")) }()
				n, err := client.ReceiveSome(bg, buf)
				require.NoError(t, err)
				require.Equal(t, "x", string(buf[:n]))
				require.NoError(t, <-sent)
			})
		}
	})
}

// Data that had come when the stream was closed is not returned any more.
func TestReceiveThatCloseOvertakes(t *testing.T) {
	forEachVersion(t, func(t *testing.T, version uint16) {
		a, b := memstream.Pair(nil)
		below := &hooked{Stream: a}
		client, server := over(t, below, b, version, nil)
		shake(t, client, server)
		require.NoError(t, server.SendAll(bg, []byte("x")))
		receiveFull(t, client, make([]byte, 1)) // so that tickets are out of the way
		below.receive = func(ctx context.Context, p []byte) (int, error) {
			n, err := a.ReceiveSome(ctx, p)
			_ = closeutil.CloseForcefully(client)
			return n, err
		}
		require.NoError(t, server.SendAll(bg, []byte("data")))
		n, err := client.ReceiveSome(bg, make([]byte, 10))
		require.Zero(t, n)
		require.ErrorIs(t, err, abc.ErrClosed)
	})
}
