package grpcstream

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tributary-go/tributary/bridge"
	"github.com/tributary-go/tributary/listener"
)

const (
	serviceName = "tributary.ByteStream"
	methodName  = "Connect"
)

var connectDesc = grpc.StreamDesc{
	StreamName: methodName, Handler: handleConnect, ServerStreams: true, ClientStreams: true,
}

// What protoc would make of:
//
//	service ByteStream { rpc Connect(stream google.protobuf.BytesValue) returns (stream google.protobuf.BytesValue); }
var serviceDesc = grpc.ServiceDesc{
	ServiceName: serviceName, HandlerType: (*connector)(nil), Streams: []grpc.StreamDesc{connectDesc},
}

type connector interface {
	connect(grpc.ServerStream) error
}

func handleConnect(srv any, s grpc.ServerStream) error { return srv.(connector).connect(s) }

// A Listener serves the calls that come in at a gRPC server. Make one with
// [NewListener], and give it to [Listener.Register]. All methods may be called at
// the same time.
//
// The server is the caller's. What the listener does not accept, as long as
// nobody serves, waits in the server's handlers; after Close it gets
// codes.Unavailable. Streams that are open keep GracefulStop waiting, and Stop
// breaks them.
type Listener struct {
	*listener.Listener
	feed *listener.Feed
}

// NewListener makes a Listener. opts may be nil.
func NewListener(opts *listener.Options) *Listener {
	feed := listener.NewFeed()
	return &Listener{listener.New(feed, opts), feed}
}

// Register adds the service to a server, before that serves.
func (l *Listener) Register(server grpc.ServiceRegistrar) { server.RegisterService(&serviceDesc, l) }

var (
	errNotServed = status.Error(codes.Unavailable, "the listener is closed")
	errAborted   = status.Error(codes.Aborted, "closed forcefully")
)

// connect is the call's handler. The call ends when it returns.
func (l *Listener) connect(s grpc.ServerStream) error {
	c := &serverConn{call: call{messages: s}, result: make(chan error, 1)}
	if err := l.feed.Offer(s.Context(), bridge.FromReadWriter(c)); err != nil {
		return errNotServed
	}
	select {
	case err := <-c.result:
		return err
	case <-s.Context().Done():
		return context.Cause(s.Context())
	}
}
