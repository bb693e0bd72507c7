package natsstream_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/docs/examples/transports/natsstream"
	"github.com/tributary-go/tributary/listener"
)

// cluster starts three servers that know each other.
func cluster(t *testing.T) (servers [3]*server.Server) {
	var routes []*url.URL
	for i := range servers {
		s, err := start(&server.Options{
			Cluster: server.ClusterOpts{Name: "three", Host: "127.0.0.1", Port: server.RANDOM_PORT, PoolSize: -1},
			Routes:  routes,
		})
		require.NoError(t, err)
		t.Cleanup(func() {
			s.Shutdown()
			s.WaitForShutdown()
		})
		servers[i] = s
		routes = append(routes, &url.URL{Scheme: "nats", Host: s.ClusterAddr().String()})
	}
	for _, s := range servers {
		require.Eventually(t, func() bool { return s.NumRoutes() == 2 }, time.Minute, time.Millisecond)
	}
	return servers
}

// clientOf connects to the servers, the i-th first, and to another when that is
// gone.
func clientOf(t *testing.T, servers [3]*server.Server, i int) *nats.Conn {
	var urls []string
	for j := range servers {
		urls = append(urls, servers[(i+j)%3].ClientURL())
	}
	return client(t, strings.Join(urls, ","), nats.DontRandomize(), nats.MaxReconnects(-1),
		nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}),
		nats.ReconnectWait(10*time.Millisecond), nats.ReconnectJitter(0, 0))
}

// A server is killed while four streams carry bytes from one client to another
// and back. Each of the servers is that of the client that dials, that of the
// client that listens, or one that is on the way of neither.
func TestAServerIsKilledInMidTransfer(t *testing.T) {
	hasty := &natsstream.Options{Heartbeat: 20 * time.Millisecond, Timeout: 100 * time.Millisecond}
	seeds := uint64(8)
	if testing.Short() {
		seeds = 3
	}
	outcomes := map[string]int{}
	for seed := range seeds {
		opts, name := patient, "patient"
		if seed%4 == 3 {
			opts, name = hasty, "hasty"
		}
		for _, complete := range killOne(t, seed, opts) {
			outcomes[fmt.Sprintf("%s, complete: %v", name, complete)]++
			if opts == patient {
				require.True(t, complete, "seed %d: nothing but time breaks a stream", seed)
			}
		}
	}
	t.Log(outcomes)
}

// killOne returns for each stream whether it carried everything. If it did not
// it was ErrBroken.
func killOne(t *testing.T, seed uint64, opts *natsstream.Options) (complete []bool) {
	servers := cluster(t)
	rng := rand.New(rand.NewPCG(seed, 0))
	from, to := clientOf(t, servers, 0), clientOf(t, servers, 1)
	serveEcho(t, to, opts)

	const size = 1 << 20
	var kill sync.Once
	at := rng.IntN(size)
	results := make(chan bool)
	var streams [4]*natsstream.Stream
	for i := range streams {
		streams[i] = dialUntilKnown(t, from, opts)
		defer closeutil.CloseForcefully(streams[i])
	}
	for i, s := range streams {
		sent := random(seed*4+uint64(i), size)
		go func() {
			if s.SendAll(context.Background(), sent) == nil {
				_ = s.SendEOF(context.Background())
			}
		}()
		go func() {
			n, hash := 0, sha256.New()
			for chunk, err := range abc.Chunks(context.Background(), s, make([]byte, 5000)) {
				if err != nil {
					if !errors.Is(err, abc.ErrBroken) {
						t.Errorf("seed %d: %v", seed, err)
					}
					results <- false
					return
				}
				if n+len(chunk) > size || !bytes.Equal(chunk, sent[n:n+len(chunk)]) {
					t.Errorf("seed %d: other bytes at %d", seed, n)
				}
				n += len(chunk)
				hash.Write(chunk)
				if n > at {
					kill.Do(servers[seed%3].Shutdown)
				}
			}
			// An end: then all of it must have come.
			if whole := sha256.Sum256(sent); n != size || !bytes.Equal(hash.Sum(nil), whole[:]) {
				t.Errorf("seed %d: silently short: %d of %d bytes", seed, n, size)
			}
			results <- true
		}()
	}
	for range 4 {
		complete = append(complete, <-results)
	}
	return complete
}

// The server of a client that dials may die before the first message on the
// stream itself. For a moment nobody is at its inbox then, which is no proof that
// it is gone.
func TestAnAcceptedPeerMayMoveBeforeItsFirstMessage(t *testing.T) {
	to := client(t, theServer.ClientURL())
	l, err := natsstream.Listen(to, "moving", &natsstream.Options{Heartbeat: time.Millisecond}, nil)
	require.NoError(t, err)
	queue := listener.Queue(t.Context(), l)
	defer queue.Close(t.Context())
	require.NoError(t, to.Flush())

	inbox := nats.NewInbox()
	require.NoError(t, clientA.PublishRequest("moving", inbox, message(0, 0, 0, 10, "")))
	s, err := queue.Accept(t.Context())
	require.NoError(t, err)
	defer closeutil.CloseForcefully(s)
	require.Eventually(t, func() bool { return to.Stats().InMsgs >= 2 }, time.Minute, time.Millisecond,
		"one that dials, and then that nobody is there")

	moved, err := clientA.SubscribeSync(inbox)
	require.NoError(t, err)
	answer, err := moved.NextMsg(10 * time.Second)
	require.NoError(t, err)
	require.Zero(t, answer.Data[0], "no flag: the stream goes on")
	require.NoError(t, clientA.PublishRequest(answer.Reply, inbox, message(0, 0, 0, 10, "hello")))
	buf := make([]byte, 10)
	n, err := s.ReceiveSome(t.Context(), buf)
	require.NoError(t, err)
	require.Equal(t, "hello", string(buf[:n]))
}

func serveEcho(t *testing.T, nc *nats.Conn, opts *natsstream.Options) {
	l, err := natsstream.Listen(nc, "echo", opts, nil)
	require.NoError(t, err)
	served := make(chan error)
	go func() {
		served <- l.Serve(context.Background(), func(ctx context.Context, s abc.Stream) {
			if _, err := abc.Copy(ctx, s, s); err == nil {
				_ = s.Close(ctx)
			}
		})
	}()
	t.Cleanup(func() {
		_ = closeutil.CloseForcefully(l)
		<-served
	})
}

// dialUntilKnown dials until the word of the listener has come to our server.
func dialUntilKnown(t *testing.T, nc *nats.Conn, opts *natsstream.Options) *natsstream.Stream {
	for {
		s, err := natsstream.Dial(t.Context(), nc, "echo", &natsstream.Options{Heartbeat: opts.Heartbeat, Timeout: time.Minute})
		if err == nil {
			return s
		}
		require.ErrorIs(t, err, nats.ErrNoResponders)
	}
}
