package interop

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func testHTTPTest(t *testing.T, n network) {
	testTestServer(t, n, (*httptest.Server).Start, "HTTP/1.1")
}

// The TLS here is that of crypto/tls, on a conn of ours.
func testHTTPTestTLS(t *testing.T, n network) {
	testTestServer(t, n, (*httptest.Server).StartTLS, "HTTP/2.0")
}

func testTestServer(t *testing.T, n network, start func(*httptest.Server), version string) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s", r.Proto, body)
	}))
	require.NoError(t, server.Listener.Close())
	server.Listener = n
	server.EnableHTTP2 = true
	start(server)
	defer server.Close()
	scheme, _, _ := strings.Cut(server.URL, ":")
	client := server.Client()
	client.Transport.(*http.Transport).DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) { return n.dial(ctx) }

	body := strings.Repeat("0123456789", 20_000)
	for range 3 {
		resp, err := client.Post(scheme+"://example.com/", "text/plain", strings.NewReader(body))
		require.NoError(t, err)
		got, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.True(t, version+" "+body == string(got), "got %.20q", got)
	}
}
