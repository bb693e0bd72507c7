package interop

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/bridge"
	"github.com/tributary-go/tributary/internal/selfsigned"
	"github.com/tributary-go/tributary/tlsstream"
)

// HTTP/2 by ALPN, with tlsstream on the one side and the TLS of net/http on the
// other. net/http asks no conn but a *tls.Conn what ALPN said, so our side is
// told that there is nothing but HTTP/2.
func TestHTTP2ByALPN(t *testing.T) {
	serverConfig, clientConfig := selfsigned.Server(0), selfsigned.Client(0)
	serverConfig.NextProtos, clientConfig.NextProtos = []string{"h2"}, []string{"h2"}
	onlyHTTP2 := new(http.Protocols)
	onlyHTTP2.SetUnencryptedHTTP2(true)

	for _, tr := range transports[:3] {
		t.Run("server over "+tr.name, func(t *testing.T) {
			l, dial := tr.open(t)
			server := &http.Server{Protocols: onlyHTTP2}
			client := &http.Transport{TLSClientConfig: clientConfig.Clone(), ForceAttemptHTTP2: true, DialContext: dialer(dial)}
			serve := func() error {
				return server.Serve(bridge.Listener(tlsstream.NewListener(l, serverConfig, nil)))
			}
			testALPN(t, server, serve, client, "https")
		})
		t.Run("client over "+tr.name, func(t *testing.T) {
			l, dial := tr.open(t)
			server := &http.Server{TLSConfig: serverConfig.Clone()}
			client := &http.Transport{Protocols: onlyHTTP2, DialContext: dialer(func(ctx context.Context) (abc.Stream, error) {
				s, err := dial(ctx)
				if err != nil {
					return nil, err
				}
				return tlsstream.Client(s, clientConfig, nil), nil
			})}
			serve := func() error { return server.ServeTLS(bridge.Listener(l), "", "") }
			testALPN(t, server, serve, client, "http")
		})
	}
}

func testALPN(t *testing.T, server *http.Server, serve func() error, transport *http.Transport, scheme string) {
	server.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, _ = io.WriteString(w, r.Proto+" "+string(body))
	})
	served := make(chan error, 1)
	go func() { served <- serve() }()
	client := &http.Client{Transport: transport}
	body := strings.Repeat("0123456789", 20_000)
	for range 3 {
		resp, err := client.Post(scheme+"://"+selfsigned.ServerName+"/", "text/plain", strings.NewReader(body))
		require.NoError(t, err)
		got, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.True(t, "HTTP/2.0 "+body == string(got))
	}
	client.CloseIdleConnections()
	require.NoError(t, server.Shutdown(bg))
	require.ErrorIs(t, <-served, http.ErrServerClosed)
}

func dialer(dial dialStream) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, _, _ string) (net.Conn, error) { return dialConn(ctx, dial) }
}
