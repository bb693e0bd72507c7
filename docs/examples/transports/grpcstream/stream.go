// Package grpcstream carries Tributary's streams over gRPC: one stream is one
// bidirectional streaming call, wherever gRPC goes, through its proxies and load
// balancers. A chunk of bytes is a google.protobuf.BytesValue, of whatever size;
// boundaries mean nothing.
//
//   - Half-close: an empty message. gRPC has one for the client's direction alone.
//   - Close: of the server, the call ends with status OK after what was sent. The client
//     ends its direction and waits until the server has received that and ended the
//     call; to cancel the call would drop what is on its way.
//   - Forceful close: of the client, the call is cancelled; of the server, it ends with
//     codes.Aborted. The peer gets ErrBroken.
//   - Errors: every status but OK is ErrBroken; status.Code finds it in the chain.
//   - Cancel: the call of SendMsg or RecvMsg is left in a goroutine, by
//     bridge.FromReadWriter. The context of a gRPC call is that of all of it.
//   - Told: nothing.
package grpcstream

import (
	"context"
	"io"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/bridge"
)

const serviceName = "tributary.ByteStream"

// What protoc would make of:
//
//	service ByteStream { rpc Connect(stream google.protobuf.BytesValue) returns (stream google.protobuf.BytesValue); }
var connectDesc = grpc.StreamDesc{StreamName: "Connect", ServerStreams: true, ClientStreams: true}

// Dial makes a stream of a call to the server at the other end of conn, which is
// the caller's. ctx bounds that alone; what outgoing metadata it has goes with
// the call.
func Dial(ctx context.Context, conn grpc.ClientConnInterface, opts ...grpc.CallOption) (abc.Stream, error) {
	if ctx.Err() != nil {
		return nil, dialError(abc.ContextErr(ctx))
	}
	life, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, cancel)
	s, err := conn.NewStream(life, &connectDesc, "/"+serviceName+"/"+connectDesc.StreamName, opts...)
	if !stop() {
		return nil, dialError(abc.ContextErr(ctx))
	}
	if err != nil {
		cancel()
		return nil, dialError(abc.Broken(err))
	}
	return bridge.FromReadWriter(&clientConn{call: call{messages: s}, s: s, cancel: cancel}), nil
}

func dialError(err error) error {
	return &abc.OpError{Op: "dial", Transport: "grpcstream", Err: err}
}

// messages is what both ends of a call have.
type messages interface {
	SendMsg(m any) error
	RecvMsg(m any) error
}

// A call is one that is read and written as bytes. Nobody reads on after io.EOF.
type call struct {
	messages
	reading sync.Mutex // held during a RecvMsg
	rest    []byte     // of the last message
}

func (c *call) Read(p []byte) (int, error) {
	c.reading.Lock()
	defer c.reading.Unlock()
	if len(c.rest) == 0 {
		var m wrapperspb.BytesValue
		if err := c.RecvMsg(&m); err != nil {
			return 0, err // io.EOF is status OK
		}
		if c.rest = m.GetValue(); len(c.rest) == 0 {
			return 0, io.EOF // the peer ended its direction
		}
	}
	n := copy(p, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

func (c *call) Write(p []byte) (int, error) {
	if err := c.SendMsg(wrapperspb.Bytes(p)); err != nil { // it is marshalled before it returns
		return 0, err
	}
	return len(p), nil
}

// CloseWrite sends the empty message.
func (c *call) CloseWrite() error { return c.SendMsg(wrapperspb.Bytes(nil)) }

// drain waits for the end of the call, or of the client's sending. Nil is a good one.
func (c *call) drain() error {
	c.reading.Lock()
	defer c.reading.Unlock()
	for {
		switch err := c.RecvMsg(new(wrapperspb.BytesValue)); err {
		case nil:
		case io.EOF:
			return nil
		default:
			return err
		}
	}
}

// A clientConn is a call that this side made.
type clientConn struct {
	call
	s      grpc.ClientStream
	cancel context.CancelFunc
}

// Close waits for the end of the call.
func (c *clientConn) Close() error {
	defer c.cancel()
	if err := c.s.CloseSend(); err != nil {
		return err
	}
	return c.drain()
}

func (c *clientConn) CloseNow() error {
	c.cancel()
	return nil
}
