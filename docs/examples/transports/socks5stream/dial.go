package socks5stream

import (
	"context"
	"errors"
	"io"
	"net"

	"golang.org/x/net/proxy"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/bridge"
	"github.com/tributary-go/tributary/closeutil"
)

// Dial connects to address, "host:port", through the proxy that dial connects
// to. A host name is left to the proxy to resolve. auth, which may be nil, is a
// user name and password, which go to the proxy in the clear.
//
// It blocks until the proxy has connected, has said that it can't, or ctx is
// done, which has no effect on the stream afterwards. The error is that of dial,
// that of ctx, what the proxy said, or abc.ErrBroken with the cause where the
// proxy is gone.
func Dial[S abc.Stream](ctx context.Context, dial func(context.Context) (S, error), address string, auth *proxy.Auth) (S, error) {
	var none S
	if ctx.Err() != nil {
		return none, opError(abc.ContextErr(ctx))
	}
	forward := &forward[S]{dial: dial}
	dialer, err := proxy.SOCKS5("tcp", "", auth, forward)
	if err != nil {
		return none, opError(err)
	}
	_, err = dialer.(proxy.ContextDialer).DialContext(ctx, "tcp", address)
	switch {
	case err == nil:
		return forward.stream, nil // of the net.Conn we need no more
	case ctx.Err() != nil && forward.dialled:
		err = abc.ContextErr(ctx)
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		err = abc.Broken(err) // the proxy ended in the middle of its answer
	}
	return none, opError(err)
}

// A forward is the dialer to the proxy, in the terms of x/net/proxy, which
// wants a net.Conn. It keeps the stream that is below that.
type forward[S abc.Stream] struct {
	dial    func(context.Context) (S, error)
	stream  S
	dialled bool
}

var _ proxy.ContextDialer = (*forward[abc.Stream])(nil)

// DialContext implements [proxy.ContextDialer].
func (f *forward[S]) DialContext(ctx context.Context, _, _ string) (net.Conn, error) {
	s, err := f.dial(ctx)
	if err != nil {
		return nil, err
	}
	f.stream, f.dialled = s, true
	return conn{bridge.Conn(s), s}, nil
}

// Dial implements [proxy.Dialer]. x/net/proxy does not call it.
func (f *forward[S]) Dial(string, string) (net.Conn, error) { return nil, errors.ErrUnsupported }

// A conn is closed when the proxy has failed. There is nothing to be graceful
// about then, for which a bridge.Conn might take its time.
type conn struct {
	net.Conn
	stream abc.Stream
}

// Close implements [net.Conn].
func (c conn) Close() error { return closeutil.CloseForcefully(c.stream) }

func opError(err error) error {
	return &abc.OpError{Op: "dial", Transport: "socks5stream", Err: err}
}
