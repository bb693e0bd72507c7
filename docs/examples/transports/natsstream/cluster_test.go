package natsstream_test

import (
	"context"
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
	"github.com/quic-go/quic-go"
	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/docs/examples/transports/natsstream"
	"github.com/tributary-go/tributary/docs/examples/transports/quicstream"
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
// gone. Meanwhile it keeps nothing of what it is given to publish.
func clientOf(t *testing.T, servers [3]*server.Server, i int) *nats.Conn {
	var urls []string
	for j := range servers {
		urls = append(urls, servers[(i+j)%3].ClientURL())
	}
	return client(t, strings.Join(urls, ","), nats.DontRandomize(), nats.MaxReconnects(-1),
		nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}), // or it prints to stderr
		nats.ReconnectBufSize(-1), nats.ReconnectWait(10*time.Millisecond), nats.ReconnectJitter(0, 0))
}

// A server is killed while four streams carry bytes from one client to another
// and back. It is that of the client that dials, that of the client that listens,
// or one that is on the way of neither. As nobody is impatient, all of it comes.
func TestAServerIsKilledInMidTransfer(t *testing.T) {
	seeds := uint64(6)
	if testing.Short() {
		seeds = 3
	}
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			servers := cluster(t)
			from, to := newNode(t, clientOf(t, servers, 0), patient), newNode(t, clientOf(t, servers, 1), patient)
			l, err := to.Listen("echo", serverTLS(), nil)
			require.NoError(t, err)
			served := make(chan error)
			go func() { served <- l.Serve(context.Background(), echo) }()
			defer func() {
				_ = closeutil.CloseForcefully(l)
				<-served
			}()
			conn := dialUntilKnown(t, from)

			const size = 1 << 20
			at := rand.New(rand.NewPCG(seed, 0)).IntN(size)
			var kill sync.Once
			results := make(chan error)
			for i := range uint64(4) {
				s, err := quicstream.Open(t.Context(), conn)
				require.NoError(t, err)
				defer closeutil.CloseForcefully(s)
				go func() {
					results <- carry(s, seed*4+i, size, func(n int) {
						if n > at {
							kill.Do(servers[seed%3].Shutdown)
						}
					})
				}()
			}
			for range 4 {
				err = errors.Join(err, <-results)
			}
			require.NoError(t, err)
		})
	}
}

// dialUntilKnown dials until the word of the listener has come to our server.
func dialUntilKnown(t *testing.T, n *natsstream.Node) *quic.Conn {
	for {
		conn, err := n.Dial(t.Context(), "echo", clientTLS())
		if err == nil {
			return conn
		}
		require.ErrorIs(t, err, nats.ErrNoResponders)
	}
}
