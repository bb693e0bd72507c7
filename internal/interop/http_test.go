package interop

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

func testHTTP1(t *testing.T, n network) {
	p := new(http.Protocols)
	p.SetHTTP1(true)
	testHTTP(t, n, p)
}

func testHTTP2(t *testing.T, n network) {
	p := new(http.Protocols)
	p.SetUnencryptedHTTP2(true) // for net/http knows only its own TLS as encryption
	testHTTP(t, n, p)
}

func testHTTP(t *testing.T, n network, protocols *http.Protocols) {
	started, ended := make(chan struct{}, 1), make(chan error, 1)
	finish := make(chan struct{})
	mux := http.NewServeMux()
	mux.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, _ = w.Write(body)
	})
	mux.HandleFunc("/download", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "first")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
		ended <- r.Context().Err()
	})
	mux.HandleFunc("/upload", func(_ http.ResponseWriter, r *http.Request) {
		started <- struct{}{}
		_, err := io.Copy(io.Discard, r.Body)
		ended <- err
	})
	mux.HandleFunc("/slow", func(w http.ResponseWriter, r *http.Request) {
		started <- struct{}{}
		<-finish
		_, _ = io.WriteString(w, "done")
	})
	server := &http.Server{Handler: mux, Protocols: protocols}
	served := make(chan error, 1)
	go func() { served <- server.Serve(n) }()
	client, dials := httpClient(n, protocols)
	defer client.CloseIdleConnections()

	// Keep-alive.
	body := strings.Repeat("0123456789", 20_000)
	for i := range 3 {
		reused := false
		ctx := httptrace.WithClientTrace(bg, &httptrace.ClientTrace{
			GotConn: func(info httptrace.GotConnInfo) { reused = info.Reused },
		})
		require.Equal(t, body, request(t, ctx, client, "/echo", body))
		require.Equal(t, i > 0, reused)
	}
	require.EqualValues(t, 1, dials.Load())

	// Many at the same time.
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			if got, err := try(bg, client, "/echo", body); err != nil || got != body {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if !protocols.HTTP1() {
		require.EqualValues(t, 1, dials.Load())
	}

	// The client gives up in the middle of a response, and of a request.
	ctx, cancel := context.WithCancel(bg)
	req, err := http.NewRequestWithContext(ctx, "GET", "http://x/download", nil)
	require.NoError(t, err)
	resp, err := client.Do(req)
	require.NoError(t, err)
	p := make([]byte, 5)
	_, err = io.ReadFull(resp.Body, p)
	require.NoError(t, err)
	require.Equal(t, "first", string(p))
	cancel()
	_, err = resp.Body.Read(p)
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorIs(t, <-ended, context.Canceled)
	require.NoError(t, resp.Body.Close())

	ctx, cancel = context.WithCancel(bg)
	r, w := io.Pipe()
	go func() {
		<-started
		cancel()
		_ = w.CloseWithError(ctx.Err()) // net/http waits for a Read of the body
	}()
	req, err = http.NewRequestWithContext(ctx, "POST", "http://x/upload", r)
	require.NoError(t, err)
	_, err = client.Do(req)
	require.ErrorIs(t, err, context.Canceled)
	require.Error(t, <-ended)
	require.Equal(t, body, request(t, bg, client, "/echo", body), "others go on")

	// Shutdown lets the handler finish that runs.
	shuttingDown, shutdown := make(chan struct{}), make(chan error, 1)
	server.RegisterOnShutdown(func() { close(shuttingDown) })
	go func() {
		<-started
		go func() { shutdown <- server.Shutdown(bg) }()
		<-shuttingDown
		close(finish)
	}()
	require.Equal(t, "done", request(t, bg, client, "/slow", ""))
	require.NoError(t, <-shutdown)
	require.ErrorIs(t, <-served, http.ErrServerClosed)
	_, err = n.Accept()
	require.ErrorIs(t, err, net.ErrClosed)
}

// httpClient returns a client for n, and counts how often it dials.
func httpClient(n network, protocols *http.Protocols) (*http.Client, *atomic.Int32) {
	dials := new(atomic.Int32)
	return &http.Client{Transport: &http.Transport{
		Protocols: protocols,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			dials.Add(1)
			return n.dial(ctx)
		},
	}}, dials
}

func request(t *testing.T, ctx context.Context, client *http.Client, path, body string) string {
	t.Helper()
	got, err := try(ctx, client, path, body)
	require.NoError(t, err)
	return got
}

func try(ctx context.Context, client *http.Client, path, body string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, "POST", "http://x"+path, strings.NewReader(body))
	if err != nil {
		return "", err
	}
	resp, err := client.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	return string(got), err
}
