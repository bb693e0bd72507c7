package interop

import (
	"context"
	"net"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
)

// health is a service whose code is generated already. A check of "hang" ends
// with the call, and a watch sends three answers and then hangs.
type health struct {
	healthpb.UnimplementedHealthServer
	hanging, ended chan struct{}
}

func newHealth() *health {
	return &health{hanging: make(chan struct{}, 1), ended: make(chan struct{}, 1)}
}

func (h *health) Check(ctx context.Context, r *healthpb.HealthCheckRequest) (*healthpb.HealthCheckResponse, error) {
	if r.Service == "hang" {
		return nil, h.hang(ctx)
	}
	return &healthpb.HealthCheckResponse{Status: healthpb.HealthCheckResponse_ServingStatus(len(r.Service) % 3)}, nil
}

func (h *health) Watch(_ *healthpb.HealthCheckRequest, s grpc.ServerStreamingServer[healthpb.HealthCheckResponse]) error {
	for i := range 3 {
		if err := s.Send(&healthpb.HealthCheckResponse{Status: healthpb.HealthCheckResponse_ServingStatus(i)}); err != nil {
			return err
		}
	}
	return h.hang(s.Context())
}

func (h *health) hang(ctx context.Context) error {
	h.hanging <- struct{}{}
	<-ctx.Done()
	h.ended <- struct{}{}
	return ctx.Err()
}

func testGRPC(t *testing.T, n network) {
	h := newHealth()
	server := grpc.NewServer()
	healthpb.RegisterHealthServer(server, h)
	served := make(chan error, 1)
	go func() { served <- server.Serve(n) }()
	conn, client := grpcClient(t, n.dial)

	// Unary.
	for size := 1; size <= 1_000_000; size *= 10 {
		answer, err := client.Check(bg, &healthpb.HealthCheckRequest{Service: strings.Repeat("x", size)})
		require.NoError(t, err)
		require.EqualValues(t, size%3, answer.Status)
	}

	// Unary, cancelled midway.
	ctx, cancel := context.WithCancel(bg)
	go func() {
		<-h.hanging
		cancel()
	}()
	_, err := client.Check(ctx, &healthpb.HealthCheckRequest{Service: "hang"})
	require.Equal(t, codes.Canceled, status.Code(err))
	<-h.ended

	// Server streaming, cancelled midway.
	ctx, cancel = context.WithCancel(bg)
	defer cancel()
	stream, err := client.Watch(ctx, &healthpb.HealthCheckRequest{})
	require.NoError(t, err)
	for i := range 3 {
		answer, err := stream.Recv()
		require.NoError(t, err)
		require.EqualValues(t, i, answer.Status)
	}
	<-h.hanging
	cancel()
	_, err = stream.Recv()
	require.Equal(t, codes.Canceled, status.Code(err))
	<-h.ended

	_, err = client.Check(bg, &healthpb.HealthCheckRequest{})
	require.NoError(t, err, "others go on")
	server.GracefulStop()
	require.NoError(t, <-served)
	require.NoError(t, conn.Close())
}

func grpcClient(t *testing.T, dial func(context.Context) (net.Conn, error), opts ...grpc.DialOption) (*grpc.ClientConn, healthpb.HealthClient) {
	opts = append(opts,
		grpc.WithTransportCredentials(insecure.NewCredentials()), // TLS is below, if at all
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return dial(ctx) }))
	conn, err := grpc.NewClient("passthrough:///server", opts...)
	require.NoError(t, err)
	return conn, healthpb.NewHealthClient(conn)
}
