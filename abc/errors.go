package abc

import (
	"context"
	"errors"
	"io"
	"net"
)

// The errors of a stream, to be matched with [errors.Is]. See the package
// documentation for the others (io.EOF, errors.ErrUnsupported, the context's).
var (
	// ErrClosed says that this side was closed, or sent its EOF and then tried
	// to send. It also matches [net.ErrClosed].
	ErrClosed error = closedError{}

	// ErrBroken says that the transport failed or the peer is gone. The cause
	// stays in the chain (syscall.ECONNRESET, io.ErrUnexpectedEOF, a TLS alert).
	ErrBroken = errors.New("connection broken")

	// ErrBusy says that another goroutine is inside the same half of the
	// stream, or the same listener's Serve. The call had no effect and the other
	// one goes on.
	ErrBusy = errors.New("in use by another goroutine")

	// ErrEmptyBuffer says that ReceiveSome was given a buffer of length 0.
	ErrEmptyBuffer = errors.New("the buffer to receive into has length 0")
)

type closedError struct{}

func (closedError) Error() string        { return "closed on this side" }
func (closedError) Is(target error) bool { return target == net.ErrClosed }

// Broken returns an error that matches [ErrBroken] and has cause in its chain,
// for a transport to put into an [OpError].
//
// A broken connection is never a clean end, nor this side's closing, nor the
// end of the caller's context. So where cause matches one of these, errors.Is
// does not see it, and an io.EOF in it becomes io.ErrUnexpectedEOF. errors.As
// still finds what it is (all errors of a QUIC connection match net.ErrClosed),
// but for the end of a context, which is kept as text only.
// Any other cause that matches ErrBroken already is returned as it is.
func Broken(cause error) error {
	if cause == nil {
		return ErrBroken
	}
	if errors.Is(cause, io.EOF) {
		return &brokenError{text: cause.Error(), cause: io.ErrUnexpectedEOF, hidden: notContext(cause)}
	}
	for _, other := range notBroken {
		if errors.Is(cause, other) {
			return &brokenError{text: cause.Error(), hidden: notContext(cause)}
		}
	}
	if errors.Is(cause, ErrBroken) {
		return cause
	}
	return &brokenError{text: cause.Error(), cause: cause}
}

// notContext returns cause, or nil if somebody's context ended: that is not to be
// taken for a time-out of the transport.
func notContext(cause error) error {
	if errors.Is(cause, context.Canceled) || errors.Is(cause, context.DeadlineExceeded) {
		return nil
	}
	return cause
}

// notBroken are the errors that a broken connection must not match.
var notBroken = []error{
	net.ErrClosed, ErrBusy, ErrEmptyBuffer, errors.ErrUnsupported,
	context.Canceled, context.DeadlineExceeded,
}

type brokenError struct {
	text   string
	cause  error // nil if it must not be seen
	hidden error // what errors.As may find all the same, or nil
}

func (e *brokenError) Error() string        { return ErrBroken.Error() + ": " + e.text }
func (e *brokenError) Is(target error) bool { return target == ErrBroken }
func (e *brokenError) Unwrap() error        { return e.cause }
func (e *brokenError) As(target any) bool   { return e.hidden != nil && errors.As(e.hidden, target) }

// ContextErr returns the error of a done context, for a transport to put into
// an [OpError]: it matches both ctx.Err() and context.Cause(ctx), whatever the
// cause is. It is nil while ctx is not done.
func ContextErr(ctx context.Context) error {
	err := ctx.Err()
	if err == nil {
		return nil
	}
	cause := context.Cause(ctx)
	if cause == nil || errors.Is(err, cause) {
		return err
	}
	if errors.Is(cause, err) {
		return cause
	}
	return &contextError{err, cause}
}

type contextError struct{ err, cause error }

func (e *contextError) Error() string   { return e.err.Error() + ": " + e.cause.Error() }
func (e *contextError) Unwrap() []error { return []error{e.err, e.cause} }
