package closeutil_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/closeutil"
)

func TestCloseWithinBoundsTheGrace(t *testing.T) {
	const tick = time.Second
	for _, tt := range []struct {
		name         string
		takes, grace time.Duration
		ctx          time.Duration // its deadline; 0: none
		took         time.Duration
		want         error
	}{
		{"in time", tick, 2 * tick, 0, tick, nil},
		{"too slow", 2 * tick, tick, 0, tick, context.DeadlineExceeded},
		{"ctx is done first", 3 * tick, 2 * tick, tick, tick, context.DeadlineExceeded},
		{"no grace", tick, 0, 0, 0, context.DeadlineExceeded},
		{"less than no grace", tick, -tick, 0, 0, context.DeadlineExceeded},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx := t.Context()
				if tt.ctx > 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, tt.ctx)
					defer cancel()
				}
				begun := time.Now()
				err := closeutil.CloseWithin(ctx, closeFunc(func(ctx context.Context) error {
					select {
					case <-time.After(tt.takes):
						return nil
					case <-ctx.Done():
						return ctx.Err()
					}
				}), tt.grace)
				require.ErrorIs(t, err, tt.want)
				require.Equal(t, tt.took, time.Since(begun))
			})
		})
	}
}

func TestCloseWithinReportsErrorsOfTheResource(t *testing.T) {
	require.Equal(t, errFake, closeutil.CloseWithin(t.Context(), fails(errFake), time.Hour))
	require.ErrorIs(t, closeutil.CloseWithin(cancelled(), endless, time.Hour), context.Canceled)
}

func TestCloseWithinIsGracefulAlthoughCtxIsDone(t *testing.T) {
	var got error
	r := closeFunc(func(ctx context.Context) error { got = ctx.Err(); return nil })
	require.NoError(t, closeutil.CloseWithin(context.WithoutCancel(cancelled()), r, time.Hour))
	require.NoError(t, got)
}
