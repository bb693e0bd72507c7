package abc_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
)

func TestOpErrorReadsTransportOpCause(t *testing.T) {
	err := &abc.OpError{Op: "send", Transport: "memstream", Sent: 3, Err: abc.Broken(syscall.EPIPE)}
	require.EqualError(t, err, "memstream: send: connection broken: broken pipe")
	require.Equal(t, err.Err, errors.Unwrap(err))

	var found *abc.OpError
	require.ErrorAs(t, fmt.Errorf("greeting: %w", err), &found)
	require.Same(t, err, found)
}

func TestOpErrorTimeout(t *testing.T) {
	for _, tt := range []struct {
		name string
		err  error
		want bool
	}{
		{"closed", abc.ErrClosed, false},
		{"cancelled", context.Canceled, false},
		{"deadline", context.DeadlineExceeded, true},
		{"deadline below", &abc.OpError{Op: "receive", Err: context.DeadlineExceeded}, true},
		{"the network's own", abc.Broken(syscall.ETIMEDOUT), true},
		{"reset", abc.Broken(syscall.ECONNRESET), false},
		{"someone else's deadline", abc.Broken(context.DeadlineExceeded), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := &abc.OpError{Op: "send", Transport: "fake", Err: tt.err}
			require.Equal(t, tt.want, err.Timeout())
			var timeout interface{ Timeout() bool }
			require.ErrorAs(t, fmt.Errorf("wrapped: %w", err), &timeout, "net/http and others look for this")
			require.Equal(t, tt.want, timeout.Timeout())
		})
	}
}

func TestSentReadsTheOpError(t *testing.T) {
	op := &abc.OpError{Op: "send", Sent: 5, Err: abc.ErrBroken}
	require.Equal(t, 5, abc.Sent(op))
	require.Equal(t, 5, abc.Sent(fmt.Errorf("wrapped: %w", op)))
	require.Equal(t, 7, abc.Sent(&abc.OpError{Op: "send", Sent: 7, Err: op}), "the outer layer counts its own bytes")
	require.Equal(t, -1, abc.Sent(&abc.OpError{Op: "send", Sent: -1, Err: abc.ErrBroken}))
	require.Equal(t, -1, abc.Sent(errFake), "unknown")
	require.Equal(t, -1, abc.Sent(io.EOF))
}

func TestHandlerPanicShowsValueAndStack(t *testing.T) {
	p := &abc.HandlerPanic{Value: "boom", Stack: []byte("goroutine 7 [running]:")}
	require.EqualError(t, p, "handler panicked: boom\n\ngoroutine 7 [running]:")
	require.NoError(t, p.Unwrap())

	p.Value = &net.OpError{Op: "read", Err: errFake}
	require.ErrorIs(t, p, errFake)
}
