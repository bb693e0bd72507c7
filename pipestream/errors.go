package pipestream

import (
	"context"
	"errors"
	"io"
	"os"

	"github.com/tributary-go/tributary/abc"
)

// opError puts err into an OpError, if there is one. A bare io.EOF stays bare.
func opError(op string, sent int, err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	return &abc.OpError{Op: op, Transport: "pipestream", Sent: sent, Err: err}
}

// fileError says what an error of the file means for a half that was not
// closed and whose context is fine.
func fileError(err error) error {
	switch {
	case err == io.EOF:
		return err
	case errors.Is(err, os.ErrClosed):
		return abc.ErrClosed // somebody closed the file below us
	}
	return abc.Broken(err)
}

// isContext reports whether err is that of ctx.
func isContext(ctx context.Context, err error) bool {
	return ctx.Err() != nil && errors.Is(err, ctx.Err())
}

// below returns what the stream in the background put into its OpError.
func below(err error) error {
	var op *abc.OpError
	if errors.As(err, &op) {
		return op.Err
	}
	return err
}
