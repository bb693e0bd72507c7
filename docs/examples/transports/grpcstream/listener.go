package grpcstream

import (
	"context"
	"io"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tributary-go/tributary/bridge"
	"github.com/tributary-go/tributary/listener"
)

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
func (l *Listener) Register(server grpc.ServiceRegistrar) {
	connect := connectDesc
	connect.Handler = func(_ any, s grpc.ServerStream) error { return l.connect(s) }
	server.RegisterService(&grpc.ServiceDesc{ServiceName: serviceName, Streams: []grpc.StreamDesc{connect}}, nil)
}

var (
	errNotServed = status.Error(codes.Unavailable, "the listener is closed")
	errAborted   = status.Error(codes.Aborted, "closed forcefully")
)

// connect is the call's handler. The call ends when it returns.
func (l *Listener) connect(s grpc.ServerStream) error {
	ctx, end := context.WithCancelCause(s.Context())
	defer end(nil)
	if err := l.feed.Offer(ctx, bridge.FromReadWriter(&serverConn{call{messages: s}, end})); err != nil {
		return errNotServed
	}
	<-ctx.Done()
	if err := context.Cause(ctx); err != io.EOF {
		return err
	}
	return nil
}

// A serverConn is a call whose handler returns the first cause that end is given.
// io.EOF is status OK.
type serverConn struct {
	call
	end context.CancelCauseFunc
}

// Read ends the call when the client has closed, which may be long after it
// ended its direction.
func (c *serverConn) Read(p []byte) (int, error) {
	n, err := c.call.Read(p)
	if err == io.EOF {
		go func() { // ends with the call
			if c.drain() == nil {
				c.end(io.EOF)
			}
		}()
	}
	return n, err
}

func (c *serverConn) Close() error {
	c.end(io.EOF)
	return nil
}

func (c *serverConn) CloseNow() error {
	c.end(errAborted)
	return nil
}
