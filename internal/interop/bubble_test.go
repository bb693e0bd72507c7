package interop

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// net/http in virtual time, over all that has no socket in it: its time-outs are
// deadlines of our conns, and take no time.
func TestHTTPInABubble(t *testing.T) {
	for _, tr := range transports {
		if strings.Contains(tr.name, "TCP") || strings.Contains(tr.name, "Unix") {
			continue
		}
		t.Run(tr.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { testHTTPTime(t, tr.network(t)) })
		})
	}
}

func testHTTPTime(t *testing.T, n network) {
	const minute = time.Minute
	uploaded := make(chan error, 1)
	mux := http.NewServeMux()
	mux.HandleFunc("/slow", func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-time.After(10 * minute):
			_, _ = io.WriteString(w, "done")
		case <-r.Context().Done():
		}
	})
	mux.HandleFunc("/upload", func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(3 * minute))
		_, err := io.Copy(io.Discard, r.Body)
		uploaded <- err
	})
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 2 * minute, IdleTimeout: 20 * minute}
	served := make(chan error, 1)
	go func() { served <- server.Serve(n) }()
	client, dials := httpClient(n, nil)
	took := func(f func()) time.Duration {
		start := time.Now()
		f()
		return time.Since(start)
	}

	// A handler that takes its time, and a client that has none.
	require.Equal(t, 10*minute, took(func() {
		require.Equal(t, "done", request(t, bg, client, "/slow", ""))
	}))
	require.Equal(t, 5*minute, took(func() {
		ctx, cancel := context.WithTimeout(bg, 5*minute)
		defer cancel()
		_, err := try(ctx, client, "/slow", "")
		require.ErrorIs(t, err, context.DeadlineExceeded)
	}))

	// A client that stops in the middle of its body: the server's read deadline.
	require.Equal(t, 3*minute, took(func() {
		r, w := io.Pipe()
		go io.WriteString(w, "beginning")
		resp, err := client.Post("http://x/upload", "text/plain", r)
		if err == nil {
			_ = resp.Body.Close()
		}
		require.ErrorIs(t, <-uploaded, os.ErrDeadlineExceeded)
		_ = w.CloseWithError(errors.New("too late"))
	}))

	// One that never says what it wants: ReadHeaderTimeout.
	conn, err := n.dial(bg)
	require.NoError(t, err)
	require.Equal(t, 2*minute, took(func() {
		_, err := io.Copy(io.Discard, conn)
		require.NoError(t, err)
	}))
	require.NoError(t, conn.Close())

	// And one that is idle for too long: IdleTimeout.
	client.CloseIdleConnections()
	before := dials.Load()
	require.Empty(t, request(t, bg, client, "/upload", "x"))
	require.NoError(t, <-uploaded)
	time.Sleep(21 * minute)
	require.Empty(t, request(t, bg, client, "/upload", "x"))
	require.NoError(t, <-uploaded)
	require.EqualValues(t, before+2, dials.Load())

	client.CloseIdleConnections()
	require.NoError(t, server.Shutdown(bg))
	require.ErrorIs(t, <-served, http.ErrServerClosed)
	_, err = n.Accept()
	require.ErrorIs(t, err, net.ErrClosed)
}
