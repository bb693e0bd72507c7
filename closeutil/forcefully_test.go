package closeutil_test

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/memstream"
)

func TestCloseForcefullyPassesADoneContext(t *testing.T) {
	var got context.Context
	require.NoError(t, closeutil.CloseForcefully(closeFunc(func(ctx context.Context) error { got = ctx; return nil })))
	require.ErrorIs(t, got.Err(), context.Canceled)
}

func TestCloseForcefullyDoesNotBlock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // a deadlock would be seen
		require.NoError(t, closeutil.CloseForcefully(endless))
		a, b := memstream.Pair(nil)
		require.NoError(t, closeutil.CloseForcefully(a))
		require.NoError(t, closeutil.CloseForcefully(a), "closing twice is fine")
		require.NoError(t, closeutil.CloseForcefully(b))
		_, err := a.ReceiveSome(t.Context(), make([]byte, 1))
		require.ErrorIs(t, err, abc.ErrClosed)
	})
}

// The tree of errors in all its shapes is tested with closing.WithoutContext.
func TestCloseForcefullyReportsWhatIsReal(t *testing.T) {
	op := func(err error) error { return &abc.OpError{Op: "close", Transport: "fake", Err: err} }
	other := fmt.Errorf("flushing: %w", context.DeadlineExceeded)
	for _, tt := range []struct {
		name string
		err  func(own error) error
		want error
	}{
		{"nothing", func(error) error { return nil }, nil},
		{"its own cancellation", func(own error) error { return own }, nil},
		{"its own in an OpError", op, nil},
		{"its own with text", func(own error) error { return fmt.Errorf("closing: %w", own) }, nil},
		{"real", func(error) error { return errFake }, errFake},
		{"joined", func(own error) error { return errors.Join(own, errFake) }, errFake},
		{"joined in an OpError", func(own error) error { return op(errors.Join(errFake, own)) }, errFake},
		{"two %w", func(own error) error { return fmt.Errorf("%w, and %w", own, errFake) }, errFake},
		{"deep", func(own error) error {
			return op(fmt.Errorf("closing: %w", errors.Join(op(own), op(abc.Broken(syscall.EPIPE)))))
		}, syscall.EPIPE},
		{"the deadline of somebody else", func(error) error { return other }, context.DeadlineExceeded},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := closeutil.CloseForcefully(closeFunc(func(ctx context.Context) error { return tt.err(ctx.Err()) }))
			require.ErrorIs(t, err, tt.want)
			require.NotErrorIs(t, err, context.Canceled)
		})
	}
}

func TestCloseForcefullyCutsAGracefulCloseShort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var stack closeutil.Stack
		stack.Push(endless)
		graceful := make(chan error, 1)
		go func() { graceful <- stack.Close(t.Context()) }()
		synctest.Wait()
		require.NoError(t, closeutil.CloseForcefully(&stack))
		require.ErrorIs(t, <-graceful, abc.ErrClosed)
	})
}
