package grpcstream_test

import (
	"context"
	"io"
	"net"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/abc/abctest"
	"github.com/tributary-go/tributary/bridge"
	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/docs/examples/transports/grpcstream"
	"github.com/tributary-go/tributary/listener"
	"github.com/tributary-go/tributary/memstream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The client's end and the server's, and the other way round: abctest tests both
// directions.
func TestStream(t *testing.T) {
	l, conn := serve(t)
	queue := listener.Queue(t.Context(), l)
	t.Cleanup(func() { require.NoError(t, queue.Close(context.Background())) })
	abctest.TestStream(t, func(t testing.TB) (a, b abc.Stream) { return open(t, conn, queue) }, abctest.Caps{})
}

// open returns both ends of a call. Calls must not overlap.
func open(t testing.TB, conn *grpc.ClientConn, queue *listener.AcceptQueue) (client, server abc.Stream) {
	client, err := grpcstream.Dial(t.Context(), conn)
	require.NoError(t, err)
	server, err = queue.Accept(t.Context())
	require.NoError(t, err)
	return client, server
}

func TestListener(t *testing.T) {
	abctest.TestListener(t, func(t testing.TB) (abc.Listener, func(context.Context) (abc.Stream, error)) {
		l, conn := serve(t)
		return l, func(ctx context.Context) (abc.Stream, error) { return grpcstream.Dial(ctx, conn) }
	})
}

// serve makes a gRPC server with the service, and a connection to it in memory.
func serve(t testing.TB) (*grpcstream.Listener, *grpc.ClientConn) {
	l := grpcstream.NewListener(nil)
	server := grpc.NewServer()
	l.Register(server)
	ln := memstream.NewListener(nil)
	served := make(chan error, 1)
	go func() { served <- server.Serve(bridge.Listener(ln)) }()
	conn, err := grpc.NewClient("passthrough:///server",
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) {
			s, err := ln.Dial(ctx)
			if err != nil {
				return nil, err
			}
			return bridge.Conn(s), nil
		}))
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, conn.Close())
		server.Stop()
		if err := <-served; err != nil {
			require.ErrorIs(t, err, grpc.ErrServerStopped) // before it began to serve
		}
	})
	return l, conn
}

func TestForcefulClosesHaveAStatus(t *testing.T) {
	l, conn := serve(t)
	queue := listener.Queue(t.Context(), l)
	client, server := open(t, conn, queue)
	require.NoError(t, closeutil.CloseForcefully(server))
	_, err := io.ReadAll(bridge.Reader(t.Context(), client))
	require.ErrorIs(t, err, abc.ErrBroken)
	require.Equal(t, codes.Aborted, code(t, err))

	client, server = open(t, conn, queue)
	require.NoError(t, closeutil.CloseForcefully(client))
	_, err = io.ReadAll(bridge.Reader(t.Context(), server))
	require.ErrorIs(t, err, abc.ErrBroken)
	require.Equal(t, codes.Canceled, code(t, err))
	require.NoError(t, closeutil.CloseForcefully(server))

	require.NoError(t, queue.Close(t.Context()))
	require.NoError(t, l.Close(t.Context()))
	client, err = grpcstream.Dial(t.Context(), conn)
	require.NoError(t, err, "gRPC does not wait for the answer")
	_, err = client.ReceiveSome(t.Context(), make([]byte, 1))
	require.Equal(t, codes.Unavailable, code(t, err))
	require.NoError(t, closeutil.CloseForcefully(client))
}

func code(t *testing.T, err error) codes.Code {
	s, ok := status.FromError(err)
	require.True(t, ok, "%v has no status", err)
	return s.Code()
}
