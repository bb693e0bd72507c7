package pipestream

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"

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

// childError says what an error of exec.Cmd.Wait means.
func childError(err error) error {
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return &exitError{exit}
	}
	if err == nil {
		return nil
	}
	return abc.Broken(err)
}

// An exitError is the failure of a child. It matches abc.ErrBroken, because the
// child is the peer, but does not speak of connections.
type exitError struct{ exit *exec.ExitError }

func (e *exitError) Error() string        { return e.exit.Error() }
func (e *exitError) Is(target error) bool { return target == abc.ErrBroken }
func (e *exitError) Unwrap() error        { return e.exit }
