package interop

import (
	"context"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/status"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/memstream"
)

// twoHosts returns a network from one host of a memstream.Network to another,
// and what cuts and mends the link between them.
func twoHosts(t *testing.T) (n network, cut, mend func()) {
	net := memstream.NewNetwork(&memstream.NetworkOptions{Link: memstream.Link{Latency: 20 * time.Millisecond}})
	client, server := net.Host("client"), net.Host("server")
	l, err := server.Listen(bg, ":80", nil)
	require.NoError(t, err)
	n = newNetwork(l, func(ctx context.Context) (abc.Stream, error) { return orNil(client.Dial(ctx, "server:80")) })
	t.Cleanup(func() { _ = n.Close() })
	return n, func() { net.Partition("client", "server") }, func() { net.Heal("client", "server") }
}

// A partition begins in the middle of a response and lasts for half an hour. The
// pings of HTTP/2 find out; the request is repeated and succeeds after that.
func TestHTTP2OverAPartition(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, cut, mend := twoHosts(t)
		asked := 0
		protocols := new(http.Protocols)
		protocols.SetUnencryptedHTTP2(true)
		server := &http.Server{Protocols: protocols, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, "first,")
			_ = http.NewResponseController(w).Flush()
			if asked++; asked == 1 {
				time.Sleep(time.Second)
				cut()
			}
			_, _ = io.WriteString(w, "last")
		})}
		served := make(chan error, 1)
		go func() { served <- server.Serve(n) }()
		client, dials := httpClient(n, protocols)
		client.Transport.(*http.Transport).HTTP2 = &http.HTTP2Config{SendPingTimeout: time.Minute, PingTimeout: 30 * time.Second}

		start := time.Now()
		got, err := try(bg, client, "/", "")
		require.Error(t, err)
		require.Equal(t, "first,", got)
		took := time.Since(start)
		require.True(t, took > 90*time.Second && took < 95*time.Second, took)

		time.AfterFunc(30*time.Minute, mend)
		start = time.Now()
		require.Equal(t, "first,last", request(t, bg, client, "/", ""))
		took = time.Since(start)
		require.True(t, took > 30*time.Minute && took < 31*time.Minute, took)
		require.EqualValues(t, 2, dials.Load())

		client.CloseIdleConnections()
		require.NoError(t, server.Close()) // the first connection is half-open
		require.ErrorIs(t, <-served, http.ErrServerClosed)
	})
}

func TestGRPCOverAPartition(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, cut, mend := twoHosts(t)
		h := newHealth()
		server := grpc.NewServer()
		healthpb.RegisterHealthServer(server, h)
		served := make(chan error, 1)
		go func() { served <- server.Serve(n) }()
		conn, client := grpcClient(t, n.dial, grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: time.Minute, Timeout: 30 * time.Second}))

		stream, err := client.Watch(bg, &healthpb.HealthCheckRequest{})
		require.NoError(t, err)
		for range 3 {
			_, err := stream.Recv()
			require.NoError(t, err)
		}
		<-h.hanging
		cut()
		start := time.Now()
		_, err = stream.Recv()
		require.Equal(t, codes.Unavailable, status.Code(err))
		took := time.Since(start)
		require.True(t, took > time.Minute && took < 2*time.Minute, took)

		time.AfterFunc(30*time.Minute, mend)
		start = time.Now()
		_, err = client.Check(bg, &healthpb.HealthCheckRequest{}, grpc.WaitForReady(true))
		require.NoError(t, err)
		took = time.Since(start)
		require.True(t, took > 30*time.Minute && took < 35*time.Minute, took)

		require.NoError(t, conn.Close())
		server.Stop()
		<-h.ended
		require.NoError(t, <-served)
	})
}
