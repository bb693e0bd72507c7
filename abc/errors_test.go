package abc_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
)

// identities are the rows of the error table: what errors.Is is asked.
var identities = map[string][]error{
	"closed":      {abc.ErrClosed, net.ErrClosed},
	"broken":      {abc.ErrBroken},
	"busy":        {abc.ErrBusy},
	"empty":       {abc.ErrEmptyBuffer},
	"eof":         {io.EOF},
	"unsupported": {errors.ErrUnsupported},
	"canceled":    {context.Canceled},
	"deadline":    {context.DeadlineExceeded},
}

func TestEachErrorMatchesOneRowOnly(t *testing.T) {
	withCause, cancel := context.WithCancelCause(context.Background())
	cancel(errFake)
	wrappingCause, cancel := context.WithCancelCause(context.Background())
	cancel(fmt.Errorf("the user left: %w", context.Canceled))
	late, stop := context.WithDeadline(context.Background(), time.Unix(0, 0))
	defer stop()
	lateWithCause, stop := context.WithDeadlineCause(context.Background(), time.Unix(0, 0), errFake)
	defer stop()

	for _, tt := range []struct {
		name string
		err  error
		row  string
	}{
		{"ErrClosed", abc.ErrClosed, "closed"},
		{"ErrBroken", abc.ErrBroken, "broken"},
		{"ErrBusy", abc.ErrBusy, "busy"},
		{"ErrEmptyBuffer", abc.ErrEmptyBuffer, "empty"},
		{"EOF", io.EOF, "eof"},
		{"ErrUnsupported", errors.ErrUnsupported, "unsupported"},
		{"why unsupported", fmt.Errorf("TLS 1.2: %w", errors.ErrUnsupported), "unsupported"},

		{"broken: no cause", abc.Broken(nil), "broken"},
		{"broken: EOF", abc.Broken(io.EOF), "broken"},
		{"broken: wrapped EOF", abc.Broken(fmt.Errorf("record: %w", io.EOF)), "broken"},
		{"broken: unexpected EOF", abc.Broken(io.ErrUnexpectedEOF), "broken"},
		{"broken: reset", abc.Broken(syscall.ECONNRESET), "broken"},
		{"broken: ENOTSUP", abc.Broken(syscall.ENOTSUP), "broken"},
		{"broken: alert", abc.Broken(tls.AlertError(40)), "broken"},
		{"broken: i/o timeout", abc.Broken(os.ErrDeadlineExceeded), "broken"},
		{"broken: net.ErrClosed", abc.Broken(&net.OpError{Op: "read", Err: net.ErrClosed}), "broken"},
		{"broken: ErrClosed below", abc.Broken(&abc.OpError{Op: "send", Err: abc.ErrClosed}), "broken"},
		{"broken: ErrBusy below", abc.Broken(abc.ErrBusy), "broken"},
		{"broken: ErrEmptyBuffer below", abc.Broken(abc.ErrEmptyBuffer), "broken"},
		{"broken: canceled", abc.Broken(context.Canceled), "broken"},
		{"broken: deadline", abc.Broken(context.DeadlineExceeded), "broken"},
		{"broken: unsupported", abc.Broken(errors.ErrUnsupported), "broken"},
		{"broken: broken", abc.Broken(abc.Broken(syscall.EPIPE)), "broken"},
		{"broken: broken with EOF", abc.Broken(fmt.Errorf("%w: %w", abc.ErrBroken, io.EOF)), "broken"},
		{"broken: broken with cancelled", abc.Broken(errors.Join(abc.ErrBroken, context.Canceled)), "broken"},
		{"broken: EOF with closed", abc.Broken(errors.Join(io.EOF, net.ErrClosed)), "broken"},

		{"cancelled", abc.ContextErr(cancelled()), "canceled"},
		{"cancelled, cause", abc.ContextErr(withCause), "canceled"},
		{"cancelled, cause wraps", abc.ContextErr(wrappingCause), "canceled"},
		{"late", abc.ContextErr(late), "deadline"},
		{"late, cause", abc.ContextErr(lateWithCause), "deadline"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, err := range []error{tt.err, &abc.OpError{Op: "send", Transport: "fake", Err: tt.err}} {
				for row, targets := range identities {
					for _, target := range targets {
						require.Equal(t, row == tt.row, errors.Is(err, target), "errors.Is(%q, %q)", err, target)
					}
				}
			}
		})
	}
}

func TestErrClosedIsNotMatchedByAnyNetErrClosed(t *testing.T) {
	require.NotErrorIs(t, net.ErrClosed, abc.ErrClosed, "net's error is not ours until a transport translates it")
}

func TestBrokenKeepsItsCause(t *testing.T) {
	for _, cause := range []error{syscall.ECONNRESET, syscall.EPIPE, io.ErrUnexpectedEOF, io.ErrClosedPipe, tls.AlertError(40)} {
		err := abc.Broken(&net.OpError{Op: "read", Net: "tcp", Err: cause})
		require.ErrorIs(t, err, cause)
		var op *net.OpError
		require.ErrorAs(t, err, &op)
		require.Contains(t, err.Error(), cause.Error())
	}
	var alert tls.AlertError
	require.ErrorAs(t, abc.Broken(tls.AlertError(40)), &alert)
}

func TestBrokenTurnsEOFIntoUnexpectedEOF(t *testing.T) {
	for _, cause := range []error{io.EOF, fmt.Errorf("record: %w", io.EOF), fmt.Errorf("%w: %w", abc.ErrBroken, io.EOF)} {
		err := abc.Broken(cause)
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
		require.NotErrorIs(t, err, io.EOF)
		require.Contains(t, err.Error(), cause.Error(), "the text stays")
	}
}

// closedConnError matches net.ErrClosed, as all errors of a QUIC connection do.
type closedConnError struct{ code int }

func (e *closedConnError) Error() string        { return fmt.Sprint("application error ", e.code) }
func (e *closedConnError) Is(target error) bool { return target == net.ErrClosed }

func TestBrokenHidesACauseFromIsAndNotFromAs(t *testing.T) {
	for _, wrap := range []func(error) error{
		func(err error) error { return err },
		func(err error) error { return errors.Join(err, io.EOF) },
		abc.Broken,
	} {
		err := &abc.OpError{Op: "receive", Transport: "fake", Err: abc.Broken(wrap(&closedConnError{7}))}
		require.NotErrorIs(t, err, net.ErrClosed)
		require.NotErrorIs(t, err, io.EOF)
		var conn *closedConnError
		require.ErrorAs(t, err, &conn)
		require.Equal(t, 7, conn.code)
		var alert tls.AlertError
		require.False(t, errors.As(err, &alert))
	}
	var conn *closedConnError
	require.False(t, errors.As(abc.Broken(errors.Join(&closedConnError{}, context.Canceled)), &conn), "text only")
}

func TestBrokenIsIdempotent(t *testing.T) {
	once := abc.Broken(syscall.ECONNRESET)
	require.Same(t, once, abc.Broken(once))
	op := &abc.OpError{Op: "receive", Transport: "below", Err: once}
	require.Same(t, op, abc.Broken(op), "the error of a layer below")
	require.Equal(t, abc.ErrBroken, abc.Broken(nil))
	require.Equal(t, "connection broken: connection reset by peer", once.Error())
}

func TestContextErrMatchesErrorAndCause(t *testing.T) {
	require.NoError(t, abc.ContextErr(context.Background()))
	live, cancelLive := context.WithCancelCause(context.Background())
	defer cancelLive(nil)
	require.NoError(t, abc.ContextErr(live))

	wraps := fmt.Errorf("the user left: %w", context.Canceled)
	for _, tt := range []struct {
		name  string
		cause error
		text  string
	}{
		{"no cause", nil, "context canceled"},
		{"cause is the error", context.Canceled, "context canceled"},
		{"cause of its own", errFake, "context canceled: fake failure"},
		{"cause that wraps the error", wraps, "the user left: context canceled"},
		{"cause that is io.EOF", io.EOF, "context canceled: EOF"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(context.Background())
			cancel(tt.cause)
			child, stop := context.WithTimeout(ctx, time.Hour)
			defer stop()
			for _, ctx := range []context.Context{ctx, child} {
				err := abc.ContextErr(ctx)
				require.ErrorIs(t, err, ctx.Err())
				require.ErrorIs(t, err, context.Cause(ctx))
				require.EqualError(t, err, tt.text)
				require.NotEqual(t, io.EOF, err, "a bare io.EOF is the end of a stream")
				require.False(t, (&abc.OpError{Err: err}).Timeout())
			}
		})
	}
}

func TestContextErrOfADeadlineIsATimeout(t *testing.T) {
	for name, cause := range map[string]error{"no cause": nil, "cause": errFake, "cause wraps": fmt.Errorf("too slow: %w", context.DeadlineExceeded)} {
		ctx, cancel := context.WithDeadlineCause(context.Background(), time.Unix(0, 0), cause)
		defer cancel()
		err := abc.ContextErr(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded, name)
		require.ErrorIs(t, err, context.Cause(ctx), name)
		require.True(t, (&abc.OpError{Err: err}).Timeout(), name)
	}
}
