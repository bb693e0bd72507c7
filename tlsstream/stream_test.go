package tlsstream_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"math/rand/v2"
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

func TestEchoAndCleanEnd(t *testing.T) {
	forEachVersion(t, func(t *testing.T, version uint16) {
		forEachCapacity(t, func(t *testing.T, capacity int) {
			client, server := overMemory(t, capacity, version, nil)
			data := make([]byte, 100_000)
			for i := range data {
				data[i] = byte(i * i >> 3)
			}
			var wg sync.WaitGroup
			wg.Go(func() {
				abc.Copy(bg, server, server)
				server.Close(bg)
			})
			var sending sync.WaitGroup
			sending.Go(func() { client.SendAll(bg, data) })
			got := make([]byte, 0, len(data))
			buf := make([]byte, 5000)
			for len(got) < len(data) {
				n, err := client.ReceiveSome(bg, buf)
				require.NoError(t, err)
				got = append(got, buf[:n]...)
			}
			require.True(t, bytes.Equal(data, got))
			sending.Wait() // a Close during the send would not be graceful
			require.NoError(t, client.Close(bg))
			wg.Wait()
		})
	})
}

func TestTruncation(t *testing.T) {
	forEachVersion(t, func(t *testing.T, version uint16) {
		for _, https := range []bool{false, true} {
			opts := &tlsstream.Options{HTTPSCompatible: https}
			t.Run("at a record's boundary", func(t *testing.T) {
				client, server := overMemory(t, 0, version, opts)
				shake(t, client, server)
				require.NoError(t, server.SendAll(bg, []byte("all there is")))
				closeutil.CloseForcefully(server) // sends no close_notify
				got, err := receiveAll(client)
				require.Equal(t, "all there is", string(got))
				if https {
					require.Equal(t, io.EOF, err)
				} else {
					requireTruncated(t, err)
				}
				_, again := client.ReceiveSome(bg, make([]byte, 1))
				require.Equal(t, err, again, "stays")
			})
			t.Run("inside a record", func(t *testing.T) {
				a, b := memstream.Pair(nil)
				cut := &cutter{Stream: b, limit: -1}
				client, server := over(t, a, cut, version, opts)
				shake(t, client, server)
				require.NoError(t, server.SendAll(bg, []byte("first")))
				cut.limit = 7
				server.SendAll(bg, []byte("second"))
				closeutil.CloseForcefully(server)
				got, err := receiveAll(client)
				require.Equal(t, "first", string(got))
				requireTruncated(t, err)
			})
			t.Run("in the handshake", func(t *testing.T) {
				a, b := memstream.Pair(nil)
				client := tlsstream.Client(a, selfsigned.Client(version), opts)
				require.NoError(t, b.Close(bg))
				_, err := client.ReceiveSome(bg, make([]byte, 1))
				require.ErrorIs(t, err, abc.ErrBroken)
				require.NotErrorIs(t, err, io.EOF)
				require.NoError(t, client.Close(bg))
			})
		}
	})
}

func requireTruncated(t *testing.T, err error) {
	t.Helper()
	require.ErrorIs(t, err, abc.ErrBroken)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	require.ErrorIs(t, err, tlsstream.ErrTruncated)
	require.NotErrorIs(t, err, io.EOF)
}

// A cutter lets no more than limit bytes of each send through, if that is not
// negative.
type cutter struct {
	abc.Stream
	limit int
}

func (c *cutter) SendAll(ctx context.Context, p []byte) error {
	if c.limit >= 0 {
		p = p[:min(c.limit, len(p))]
	}
	return c.Stream.SendAll(ctx, p)
}

func TestHalfCloseBothWays(t *testing.T) {
	for _, serverFirst := range []bool{false, true} {
		client, server := overMemory(t, memstream.Lockstep, tls.VersionTLS13, nil)
		var first, second abc.Stream = client, server
		if serverFirst {
			first, second = server, client
		}
		var wg sync.WaitGroup
		wg.Go(func() {
			first.SendAll(bg, []byte("question"))
			first.SendEOF(bg)
		})
		got, err := receiveAll(second)
		require.Equal(t, io.EOF, err)
		require.Equal(t, "question", string(got))
		wg.Wait()
		require.ErrorIs(t, first.SendAll(bg, nil), abc.ErrClosed)
		require.NoError(t, first.SendEOF(bg), "again")
		wg.Go(func() {
			second.SendAll(bg, []byte("answer"))
			second.SendEOF(bg)
		})
		got, err = receiveAll(first)
		require.Equal(t, io.EOF, err)
		require.Equal(t, "answer", string(got))
		wg.Wait()
	}
}

func TestSendEOFUnsupportedBelow13(t *testing.T) {
	client, server := overMemory(t, 0, tls.VersionTLS12, nil)
	shake(t, client, server)
	err := client.SendEOF(bg)
	require.ErrorIs(t, err, errors.ErrUnsupported)
	require.EqualError(t, err, "tlsstream: send EOF: unsupported operation: TLS 1.2 cannot end one direction alone")
	require.NoError(t, client.SendAll(bg, []byte("still here")))
	require.NoError(t, client.Close(bg))
	got, err := receiveAll(server)
	require.Equal(t, io.EOF, err)
	require.Equal(t, "still here", string(got))
}

// The handshake belongs to the stream: who gives up waiting disturbs nobody.
func TestCancelledWaitersDoNotDisturbTheHandshake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := overMemory(t, memstream.Lockstep, 0, nil)
		short, cancel := context.WithTimeout(bg, time.Second)
		defer cancel()
		long, cancel := context.WithTimeout(bg, time.Hour)
		defer cancel()
		waiting := make(chan error, 2)
		go func() { waiting <- client.Handshake(long) }()
		go func() { waiting <- client.SendAll(long, []byte("x")) }()
		require.ErrorIs(t, client.Handshake(short), context.DeadlineExceeded)
		_, err := client.ReceiveSome(short, make([]byte, 1))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		_, err = client.ConnectionState()
		require.ErrorIs(t, err, tlsstream.ErrNeedHandshake)

		n, err := server.ReceiveSome(bg, make([]byte, 10))
		require.NoError(t, err)
		require.Equal(t, 1, n)
		require.NoError(t, <-waiting)
		require.NoError(t, <-waiting)
		state, err := client.ConnectionState()
		require.NoError(t, err)
		require.Equal(t, selfsigned.ServerName, state.ServerName)
	})
}

func TestHandshakeTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, _ := memstream.Pair(nil)
		client := tlsstream.Client(a, selfsigned.Client(0), &tlsstream.Options{HandshakeTimeout: 3 * time.Second})
		defer closeutil.CloseForcefully(client)
		err := client.Handshake(bg)
		require.ErrorIs(t, err, abc.ErrBroken)
		require.NotErrorIs(t, err, context.DeadlineExceeded)
		var op *abc.OpError
		require.ErrorAs(t, err, &op)
		require.True(t, op.Timeout())
		require.ErrorIs(t, client.SendAll(bg, nil), abc.ErrBroken, "final")
	})
}

func TestCertificateFailureReachesBothSides(t *testing.T) {
	forEachVersion(t, func(t *testing.T, version uint16) {
		a, b := memstream.Pair(&memstream.Options{Capacity: memstream.Lockstep})
		server := tlsstream.Server(b, selfsigned.Server(version), nil)
		defer closeutil.CloseForcefully(server)
		cfg := selfsigned.Client(version)
		cfg.ServerName = "somebody.else.example"
		client := tlsstream.Client(a, cfg, nil)
		defer closeutil.CloseForcefully(client)
		serverErr := make(chan error, 1)
		go func() {
			_, err := receiveAll(server)
			serverErr <- err
		}()
		err := client.Handshake(bg)
		require.ErrorIs(t, err, abc.ErrBroken)
		var verification *tls.CertificateVerificationError
		require.ErrorAs(t, err, &verification)
		closeutil.CloseForcefully(client)

		err = <-serverErr
		require.ErrorIs(t, err, abc.ErrBroken)
		var alert tls.AlertError
		require.ErrorAs(t, err, &alert)
		require.Equal(t, "tls: bad certificate", alert.Error())
	})
}

// Receives are cancelled by the thousand and sends in mid-record; the strict
// contract holds: nothing is lost, and both halves go on.
func TestCancellationBreaksNothing(t *testing.T) {
	forEachVersion(t, func(t *testing.T, version uint16) {
		forEachCapacity(t, func(t *testing.T, capacity int) {
			client, server := overMemory(t, capacity, version, nil)
			shake(t, client, server)
			rng := rand.New(rand.NewPCG(1, 2))
			data := make([]byte, 400_000)
			for i := range data {
				data[i] = byte(rng.Uint32())
			}
			cancelledSends := 0
			var wg sync.WaitGroup
			wg.Go(func() {
				rng := rand.New(rand.NewPCG(3, 4))
				for rest := data; len(rest) > 0; {
					ctx, cancel := context.WithTimeout(bg, time.Duration(rng.IntN(300))*time.Microsecond)
					p := bytes.Clone(rest[:min(len(rest), 1+rng.IntN(90_000))])
					err := client.SendAll(ctx, p)
					cancel()
					sent := len(p)
					if err != nil {
						if !errors.Is(err, context.DeadlineExceeded) {
							return // shows as missing bytes
						}
						sent = abc.Sent(err)
						cancelledSends++
					}
					clear(p)
					rest = rest[sent:]
				}
				client.Close(bg)
			})
			var got []byte
			cancelledReceives := 0
			buf := make([]byte, 20_000)
			for {
				ctx, cancel := context.WithTimeout(bg, time.Duration(rng.IntN(100))*time.Microsecond)
				n, err := server.ReceiveSome(ctx, buf)
				cancel()
				if err == io.EOF {
					break
				}
				if err != nil {
					require.ErrorIs(t, err, context.DeadlineExceeded)
					cancelledReceives++
				}
				got = append(got, buf[:n]...)
			}
			wg.Wait()
			require.True(t, bytes.Equal(data, got), "%d of %d bytes", len(got), len(data))
			t.Logf("%d sends and %d receives were cancelled", cancelledSends, cancelledReceives)
		})
	})
}

func TestNilArgumentsPanic(t *testing.T) {
	a, _ := memstream.Pair(nil)
	require.PanicsWithValue(t, "tlsstream: Client over a nil stream", func() { tlsstream.Client(nil, nil, nil) })
	require.PanicsWithValue(t, "tlsstream: Server over a nil stream", func() { tlsstream.Server(nil, nil, nil) })
	require.PanicsWithValue(t, "tlsstream: Server with a nil tls.Config", func() { tlsstream.Server(a, nil, nil) })
}

func TestSessionsAreResumed(t *testing.T) {
	forEachVersion(t, func(t *testing.T, version uint16) {
		serverCfg, clientCfg := selfsigned.Server(version), selfsigned.Client(version)
		clientCfg.ClientSessionCache = tls.NewLRUClientSessionCache(1)
		for round := range 3 {
			a, b := memstream.Pair(nil)
			client, server := tlsstream.Client(a, clientCfg, nil), tlsstream.Server(b, serverCfg, nil)
			go func() {
				server.SendAll(bg, []byte("x"))
				server.Close(bg)
			}()
			_, err := receiveAll(client)
			require.Equal(t, io.EOF, err)
			state, err := client.ConnectionState()
			require.NoError(t, err)
			require.Equal(t, round > 0, state.DidResume)
			require.NoError(t, client.Close(bg))
		}
	})
}
