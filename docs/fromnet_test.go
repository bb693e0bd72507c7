package docs_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/bridge"
	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/memstream"
	"github.com/tributary-go/tributary/socketstream"
)

// The snippets of from-net.md.

func receiveWithin(ctx context.Context, s abc.ReceiveStream, p []byte) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	return s.ReceiveSome(ctx, p) // a byte at least, or an error, never both
}

func listenAndServe(ctx context.Context, address string, handle abc.Handler) error {
	l, err := socketstream.Listen(ctx, "tcp", address, nil)
	if err != nil {
		return err
	}
	return l.Serve(ctx, handle) // returns when every handler has
}

func TestFromNetCalls(t *testing.T) {
	s, peer := memstream.Pair(nil)
	ctx := t.Context()
	if err := s.SendEOF(ctx); errors.Is(err, errors.ErrUnsupported) {
		// this transport can't, and nothing has changed: the protocol has to say it
	}
	_, end := receiveWithin(ctx, peer, make([]byte, 1))
	require.Equal(t, io.EOF, end)
	err := closeutil.CloseWithin(ctx, s, 5*time.Second) // says whether the end was graceful
	closeutil.CloseForcefully(s)                        // no farewell, waits for nobody
	require.NoError(t, err)
	require.NoError(t, peer.Close(ctx))
}

func TestFromNetServe(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, listenAndServe(ctx, "127.0.0.1:0", handle), context.Canceled)
}

func TestFromNetHTTP(t *testing.T) {
	server := memstream.NewListener(nil)
	served := make(chan error, 1)
	srv := &http.Server{Handler: http.NotFoundHandler()}
	go func() { served <- srv.Serve(bridge.Listener(server)) }()
	client := &http.Client{Transport: &http.Transport{
		DialContext: bridge.DialContext(func(ctx context.Context, _ string) (*memstream.Stream, error) {
			return server.Dial(ctx)
		}),
	}}
	answer, err := client.Get("http://memory/")
	require.NoError(t, err)
	require.Equal(t, http.StatusNotFound, answer.StatusCode)
	require.NoError(t, answer.Body.Close())
	client.CloseIdleConnections()
	require.NoError(t, srv.Shutdown(t.Context()))
	require.ErrorIs(t, <-served, http.ErrServerClosed)
}

func TestFromNet(t *testing.T) {
	requirePage(t, "from-net.md", 5, 150, "fromnet_test.go")
}
