package memstream_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/bridge"
	"github.com/tributary-go/tributary/memstream"
)

// An HTTP client and a server on two hosts. A partition begins in the middle of
// a request; the client gives up, the network is healed, and it tries again.
func ExampleNetwork() {
	n := memstream.NewNetwork(nil)
	client, server := n.Host("client"), n.Host("server")

	l, err := server.Listen(context.Background(), ":80", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	firstCtx, giveUp := context.WithCancel(context.Background())
	var asked atomic.Int32
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		number := asked.Add(1)
		if number == 1 {
			n.Partition("client", "server")
			time.AfterFunc(10*time.Millisecond, giveUp)
		}
		fmt.Fprintf(w, "answer %d", number)
	})}
	go srv.Serve(bridge.Listener(l))
	defer srv.Close()

	transport := &http.Transport{DialContext: bridge.DialContext(client.Dial)}
	defer transport.CloseIdleConnections()
	get := func(ctx context.Context) {
		req, _ := http.NewRequestWithContext(ctx, "GET", "http://server/", nil)
		resp, err := transport.RoundTrip(req)
		if err != nil {
			fmt.Println("no answer:", err)
			return
		}
		defer resp.Body.Close()
		body, _ := io.ReadAll(resp.Body)
		fmt.Println(string(body))
	}
	get(firstCtx)
	n.Heal("client", "server")
	get(context.Background())
	// Output:
	// no answer: context canceled
	// answer 2
}

func TestHTTPOverAnHourOfPartition(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := memstream.NewNetwork(&memstream.NetworkOptions{Link: memstream.Link{Latency: 20 * ms}})
		client, server := n.Host("client"), n.Host("server")
		l, err := server.Listen(bg, ":80", nil)
		require.NoError(t, err)
		srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/cut" {
				n.Partition("client", "server")
			}
			io.WriteString(w, strings.Repeat("x", 100_000))
		})}
		served := make(chan error, 1)
		go func() { served <- srv.Serve(bridge.Listener(l)) }()
		transport := &http.Transport{DialContext: bridge.DialContext(client.Dial)}
		get := func(path string, patience time.Duration) error {
			c := &http.Client{Transport: transport, Timeout: patience}
			resp, err := c.Get("http://server" + path)
			if err != nil {
				return err
			}
			defer resp.Body.Close()
			body, err := io.ReadAll(resp.Body)
			if err == nil {
				require.Len(t, body, 100_000)
			}
			return err
		}
		start := time.Now()
		require.NoError(t, get("/", time.Minute))
		// Dial, request, 64 KiB, the rest.
		require.Equal(t, 100*ms, time.Since(start))

		// One that gives up, and, while the partition lasts, one that does not.
		require.ErrorIs(t, get("/cut", time.Minute), context.DeadlineExceeded)
		start = time.Now()
		time.AfterFunc(time.Hour, func() { n.Heal("client", "server") })
		require.NoError(t, get("/", 2*time.Hour))
		require.Equal(t, time.Hour+100*ms, time.Since(start))

		transport.CloseIdleConnections()
		require.NoError(t, srv.Shutdown(bg))
		require.ErrorIs(t, <-served, http.ErrServerClosed)
	})
}
