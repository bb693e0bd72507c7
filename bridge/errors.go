package bridge

import (
	"context"
	"errors"
	"net"
	"os"

	"github.com/tributary-go/tributary/abc"
)

// cause returns what is behind err, the error of an operation of the stream
// that had ctx, in the terms of package net.
func (c *conn) cause(ctx context.Context, err error) error {
	timedOut := ctx.Err() != nil && (errors.Is(err, ctx.Err()) || errors.Is(err, context.Cause(ctx)))
	switch {
	case errors.Is(err, net.ErrClosed), timedOut && c.isClosed():
		// Bare, for its text is what much code looks for.
		return net.ErrClosed
	case timedOut:
		return os.ErrDeadlineExceeded
	}
	return err
}

func (c *conn) error(op string, err error) error {
	return &net.OpError{Op: op, Net: c.LocalAddr().Network(), Source: c.LocalAddr(), Addr: c.RemoteAddr(), Err: err}
}

func opError(op string, sent int, err error) error {
	return &abc.OpError{Op: op, Transport: "bridge", Sent: sent, Err: err}
}
