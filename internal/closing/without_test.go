package closing_test

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/internal/closing"
)

func TestWithoutContextKeepsWhatIsReal(t *testing.T) {
	op := func(err error) error { return &abc.OpError{Op: "close", Transport: "fake", Sent: 3, Err: err} }
	broken := abc.Broken(syscall.ECONNRESET)
	causes := map[string]error{
		"no cause":              nil,
		"cause":                 errors.New("shutting down"),
		"cause that wraps":      fmt.Errorf("shutting down: %w", syscall.EINTR),
		"cause of several":      fmt.Errorf("%w: %w", syscall.EINTR, syscall.EAGAIN),
		"cause wraps ctx error": fmt.Errorf("shutting down: %w: %w", syscall.EINTR, context.Canceled),
		"cause is joined":       errors.Join(syscall.EINTR, errors.New("shutting down")),
	}
	for name, cause := range causes {
		ctx, cancel := context.WithCancelCause(context.Background())
		cancel(cause)
		own := abc.ContextErr(ctx)
		for _, tt := range []struct {
			name string
			err  error
			want string // "" is nil
		}{
			{"nil", nil, ""},
			{"its own", own, ""},
			{"ctx.Err alone", ctx.Err(), ""},
			{"the cause alone", context.Cause(ctx), ""},
			{"in an OpError", op(own), ""},
			{"in two", op(op(own)), ""},
			{"in text", fmt.Errorf("closing: %w", own), ""},
			{"twice", errors.Join(own, op(own)), ""},
			{"real", errFake, "fake failure"},
			{"real OpError", op(broken), "fake: close: connection broken: connection reset by peer"},
			{"joined", errors.Join(own, errFake), "fake failure"},
			{"joined the other way", errors.Join(errFake, own), "fake failure"},
			{"two real ones", errors.Join(errFake, own, broken), "fake failure\nconnection broken: connection reset by peer"},
			{"two %w", fmt.Errorf("closing: %w (%w)", own, errFake), "fake failure"},
			{"deep", fmt.Errorf("outer: %w", errors.Join(op(own), fmt.Errorf("inner: %w and %w", own, errFake))), "fake failure"},
			{"through an OpError", op(errors.Join(own, errFake)), "fake: close: fake failure"},
		} {
			t.Run(name+"/"+tt.name, func(t *testing.T) {
				got := closing.WithoutContext(ctx, tt.err)
				if tt.want == "" {
					require.NoError(t, got)
					return
				}
				require.EqualError(t, got, tt.want)
				require.NotErrorIs(t, got, context.Canceled)
				require.NotErrorIs(t, got, syscall.EINTR)
				if tt.want == errFake.Error() {
					require.Equal(t, errFake, got, "a single error stays as it is")
				}
				if op, ok := tt.err.(*abc.OpError); ok {
					require.Equal(t, op.Sent, abc.Sent(got))
				}
			})
		}
	}
}

// uncomparable errors make == panic.
type uncomparable []string

func (u uncomparable) Error() string { return u[0] }

func TestWithoutContextSurvivesACauseThatCannotBeCompared(t *testing.T) {
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(uncomparable{"shutting down"})
	require.NotPanics(t, func() { _ = closing.WithoutContext(ctx, abc.ContextErr(ctx)) })
	var once closing.Once
	require.NotPanics(t, func() { _ = once.Do(ctx, untilDone(nil)) })
}

func TestWithoutContextOfALiveContextChangesNothing(t *testing.T) {
	require.Equal(t, context.Canceled, closing.WithoutContext(t.Context(), context.Canceled), "somebody else's")
	require.NoError(t, closing.WithoutContext(t.Context(), nil))
}

func TestWithoutContextLeavesOtherContextsErrors(t *testing.T) {
	err := fmt.Errorf("handshake: %w", context.DeadlineExceeded)
	require.Equal(t, err, closing.WithoutContext(cancelled(), err))
}
