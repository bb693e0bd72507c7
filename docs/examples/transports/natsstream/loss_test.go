package natsstream_test

import (
	"context"
	"io"
	"math/rand/v2"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/bridge"
	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/docs/examples/transports/natsstream"
	"github.com/tributary-go/tributary/listener"
)

func random(seed uint64, size int) []byte {
	p := make([]byte, size)
	rng := rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8)})
	_, _ = rng.Read(p)
	return p
}

// The server drops a fifth of all messages between the two, at random.
func TestLostMessagesAreMadeUpFor(t *testing.T) {
	s, err := start(&server.Options{})
	require.NoError(t, err)
	defer s.WaitForShutdown()
	defer s.Shutdown()
	require.NoError(t, s.GlobalAccount().AddWeightedMappings("lossy.*",
		server.NewMapDest("lossy.{{wildcard(1)}}", 80), server.NewMapDest("lost.{{wildcard(1)}}", 20)))
	from := client(t, s.ClientURL(), nats.CustomInboxPrefix("lossy"))
	to := client(t, s.ClientURL(), nats.CustomInboxPrefix("lossy"))
	var lost atomic.Int64
	_, err = to.Subscribe("lost.*", func(*nats.Msg) { lost.Add(1) })
	require.NoError(t, err)
	require.NoError(t, to.Flush())
	opts := *patient
	opts.Heartbeat = 2 * time.Millisecond
	opts.Window = 20_000 // so that there are many messages
	for seed := range uint64(4) {
		a, b := pair(t, from, to, &opts)
		sent := random(seed, 300_000)
		go func() {
			if a.SendAll(context.Background(), sent) == nil {
				_ = a.SendEOF(context.Background())
			}
		}()
		go func() { // an echo
			if _, err := abc.Copy(context.Background(), b, b); err == nil {
				_ = b.Close(context.Background())
			}
		}()
		got, err := io.ReadAll(bridge.Reader(t.Context(), a))
		require.NoError(t, err)
		require.True(t, string(got) == string(sent), "%d of %d bytes came back", len(got), len(sent))
		require.NoError(t, a.Close(t.Context()))
		require.NoError(t, b.Close(t.Context()))
	}
	require.Greater(t, lost.Load(), int64(30))
	require.Less(t, s.NumSubscriptions(), uint32(100), "streams leave nothing behind")
}

// A peer that dies with its process says nothing: there is nobody at its inbox.
func TestASilentPeerIsBroken(t *testing.T) {
	theirs := client(t, theServer.ClientURL())
	a, b := pair(t, clientA, theirs, &natsstream.Options{Heartbeat: 10 * time.Millisecond, Timeout: time.Second})
	require.NoError(t, b.SendAll(t.Context(), []byte("last words")))
	buf := make([]byte, 100)
	n, err := a.ReceiveSome(t.Context(), buf)
	require.NoError(t, err)
	require.Equal(t, "last words", string(buf[:n]))

	theirs.Close()

	_, err = b.ReceiveSome(t.Context(), buf)
	require.ErrorIs(t, err, abc.ErrBroken)
	require.ErrorIs(t, err, nats.ErrConnectionClosed, "at the end whose connection it was")
	for range 2 {
		_, err = a.ReceiveSome(t.Context(), buf)
		require.ErrorIs(t, err, abc.ErrBroken)
		var op *abc.OpError
		require.ErrorAs(t, err, &op)
		require.True(t, op.Timeout())
	}
	require.ErrorIs(t, a.SendAll(t.Context(), buf), abc.ErrBroken)
	require.ErrorIs(t, a.Close(t.Context()), abc.ErrBroken, "nobody acknowledged the end")
}

func TestDialWithoutAListenerIsRefused(t *testing.T) {
	_, err := natsstream.Dial(t.Context(), clientA, "nobody.listens", patient)
	require.ErrorIs(t, err, syscall.ECONNREFUSED)
	require.ErrorIs(t, err, nats.ErrNoResponders)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = natsstream.Dial(ctx, clientA, "nobody.listens", patient)
	require.ErrorIs(t, err, context.Canceled)
}

func TestDialBeyondTheBacklogIsRefused(t *testing.T) {
	l, err := natsstream.Listen(clientB, "full", patient, nil) // nobody serves it
	require.NoError(t, err)
	require.NoError(t, clientB.Flush())
	ctx, cancel := context.WithCancel(t.Context())
	const dials = 129
	errs := make(chan error, dials)
	for range dials {
		go func() {
			_, err := natsstream.Dial(ctx, clientA, "full", patient)
			errs <- err
		}()
	}
	require.ErrorIs(t, <-errs, syscall.ECONNREFUSED, "the first to fail is the one beyond")
	cancel()
	for range dials - 1 {
		require.ErrorIs(t, <-errs, context.Canceled)
	}
	require.NoError(t, l.Close(t.Context()))
}

func TestServeEndsWithItsConnection(t *testing.T) {
	theirs := client(t, theServer.ClientURL())
	l, err := natsstream.Listen(theirs, "served", patient, nil)
	require.NoError(t, err)
	defer closeutil.CloseForcefully(l)
	served := make(chan error)
	go func() { served <- l.Serve(t.Context(), func(context.Context, abc.Stream) {}) }()
	theirs.Close()
	err = <-served
	require.ErrorIs(t, err, abc.ErrBroken)
	require.ErrorIs(t, err, nats.ErrConnectionClosed)
}

func TestListenersOfOneGroupShareTheConnections(t *testing.T) {
	counts := make([]int, 2)
	queues := make([]*listener.AcceptQueue, 2)
	for i := range queues {
		l, err := natsstream.Listen(clientB, "shared", patient, nil)
		require.NoError(t, err)
		queues[i] = listener.Queue(t.Context(), l)
		defer queues[i].Close(t.Context())
	}
	require.NoError(t, clientB.Flush())
	accepted := make(chan int)
	for i, q := range queues {
		go func() {
			for {
				s, err := q.Accept(context.Background())
				if err != nil {
					return
				}
				_ = closeutil.CloseForcefully(s)
				accepted <- i
			}
		}()
	}
	for range 40 {
		s, err := natsstream.Dial(t.Context(), clientA, "shared", patient)
		require.NoError(t, err)
		counts[<-accepted]++
		require.NoError(t, closeutil.CloseForcefully(s))
	}
	require.Positive(t, counts[0])
	require.Positive(t, counts[1])
}
