package docs_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/abc/abctest"
	"github.com/tributary-go/tributary/bridge"
	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/internal/selfsigned"
	"github.com/tributary-go/tributary/memstream"
	"github.com/tributary-go/tributary/socketstream"
	"github.com/tributary-go/tributary/tlsstream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The README's snippets are here, so that they are compiled and run.
// TestReadmeSnippets holds the two together.

func handle(ctx context.Context, s abc.Stream) {
	if _, err := abc.Copy(ctx, s, s); err == nil {
		_ = s.Close(ctx)
	}
}

func serve(ctx context.Context, address string, cfg *tls.Config, handle abc.Handler) error {
	tcp, err := socketstream.Listen(ctx, "tcp", address, nil)
	if err != nil {
		return err
	}
	l := tlsstream.NewListener(tcp, cfg, nil) // or serve tcp itself, or both: listener.Join
	context.AfterFunc(ctx, func() {
		// Graceful for 30 seconds, then by force.
		closeutil.CloseWithin(context.WithoutCancel(ctx), l, 30*time.Second)
	})
	return l.Serve(context.WithoutCancel(ctx), handle)
}

func TestGivesUpOnASilentPeer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, _ := memstream.Pair(nil) // the peer never says a word
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()

		_, err := client.ReceiveSome(ctx, make([]byte, 10)) // takes no time

		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.NoError(t, client.Close(ctx))
	})
}

func TestMyTransport(t *testing.T) {
	abctest.TestStream(t, func(t testing.TB) (a, b abc.Stream) {
		return myPair(t)
	}, abctest.Caps{NoSendEOF: true}) // what it cannot do, and says so
}

func TestServe(t *testing.T) {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := free.Addr().String()
	require.NoError(t, free.Close())

	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	served := make(chan error, 1)
	go func() { served <- serve(ctx, address, selfsigned.Server(0), handle) }()
	var client *tlsstream.Stream
	for client == nil { // until it listens
		client, err = tlsstream.Dial(ctx, "tcp", address, selfsigned.Client(0), nil)
		if err != nil {
			require.ErrorIs(t, err, syscall.ECONNREFUSED)
		}
	}
	cancel()
	require.NoError(t, client.SendAll(context.Background(), []byte("served to the end")))
	require.NoError(t, client.SendEOF(context.Background()))
	got, err := io.ReadAll(bridge.Reader(context.Background(), client))
	require.NoError(t, err)
	require.Equal(t, "served to the end", string(got))
	require.NoError(t, client.Close(context.Background()))
	require.ErrorIs(t, <-served, abc.ErrClosed)
}

func TestHTTPOverMemory(t *testing.T) {
	memory := memstream.NewListener(nil)
	server := &http.Server{Handler: http.NotFoundHandler()}
	served := make(chan error, 1)
	go func() { served <- server.Serve(bridge.Listener(memory)) }()
	require.NoError(t, server.Shutdown(context.Background()))
	require.ErrorIs(t, <-served, http.ErrServerClosed)
}

// myPair stands for somebody's transport: one that can't half-close.
func myPair(testing.TB) (a, b abc.Stream) {
	x, y := memstream.Pair(nil)
	return noEOF{x}, noEOF{y}
}

type noEOF struct{ abc.Stream }

func (s noEOF) SendEOF(ctx context.Context) error {
	err := s.SendAll(ctx, nil) // for a done ctx, ErrClosed and ErrBusy
	if err == nil {
		err = &abc.OpError{Op: "send EOF", Transport: "mine", Err: errors.ErrUnsupported}
	}
	return err
}

func TestReadmeSnippets(t *testing.T) {
	requirePage(t, "../README.md", 4, 150, "readme_test.go", "examples/hello/main.go")
}
