package closeutil_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/memstream"
)

func TestUsingGivesTheBodyWhatItWasGiven(t *testing.T) {
	a, _ := memstream.Pair(nil)
	ctx := t.Context()
	require.NoError(t, closeutil.Using(ctx, a, func(got context.Context, s *memstream.Stream) error {
		require.Equal(t, ctx, got)
		require.Same(t, a, s)
		return s.SendAll(ctx, []byte("open"))
	}))
	require.ErrorIs(t, a.SendAll(ctx, nil), abc.ErrClosed)
}

func TestUsingJoinsErrors(t *testing.T) {
	errBody, errClose, errShutdown := errors.New("body"), errors.New("close"), errors.New("shutdown")
	stopped, cancel := context.WithCancelCause(context.Background())
	cancel(fmt.Errorf("stopped: %w", errShutdown))
	complains := func(ctx context.Context) error { // as every resource does
		if ctx.Err() != nil {
			return &abc.OpError{Op: "close", Transport: "fake", Err: abc.ContextErr(ctx)}
		}
		return nil
	}
	for _, tt := range []struct {
		name  string
		ctx   context.Context
		body  error
		close closeFunc
		want  []error
		not   []error
	}{
		{"all well", context.Background(), nil, complains, nil, nil},
		{"the body fails", context.Background(), errBody, complains, []error{errBody}, nil},
		{"Close fails", context.Background(), nil, fails(errClose), []error{errClose}, nil},
		{"both fail", context.Background(), errBody, fails(errClose), []error{errBody, errClose}, nil},
		{"ctx is done", cancelled(), nil, complains, []error{context.Canceled}, nil},
		{"ctx is done, the body fails", cancelled(), errBody, complains, []error{errBody}, []error{context.Canceled}},
		{"ctx is done, the body says so", cancelled(), context.Canceled, complains, []error{context.Canceled}, nil},
		{"ctx is done, both fail", cancelled(), errBody, func(ctx context.Context) error {
			return errors.Join(complains(ctx), errClose)
		}, []error{errBody, errClose}, []error{context.Canceled}},
		{"ctx with a cause", stopped, errBody, complains, []error{errBody}, []error{context.Canceled, errShutdown}},
		{"a Canceled of somebody else", context.Background(), errBody, fails(context.Canceled), []error{errBody, context.Canceled}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var closed []error
			r := closeFunc(func(ctx context.Context) error {
				closed = append(closed, ctx.Err())
				return tt.close(ctx)
			})
			err := closeutil.Using(tt.ctx, r, func(context.Context, closeFunc) error {
				require.Empty(t, closed)
				return tt.body
			})
			require.Equal(t, []error{tt.ctx.Err()}, closed, "once, within ctx")
			if tt.want == nil {
				require.NoError(t, err)
			}
			if len(tt.want) == 1 {
				require.NotImplements(t, (*interface{ Unwrap() []error })(nil), err, "a single error stays as it is")
			}
			for _, want := range tt.want {
				require.ErrorIs(t, err, want)
			}
			for _, not := range tt.not {
				require.NotErrorIs(t, err, not)
			}
		})
	}
}

func TestUsingLetsTheBodyClose(t *testing.T) {
	a, _ := memstream.Pair(nil)
	require.NoError(t, closeutil.Using(t.Context(), a, func(ctx context.Context, s *memstream.Stream) error {
		return s.Close(ctx)
	}))
}

func TestUsingClosesForcefullyWhenTheBodyDoesNotReturn(t *testing.T) {
	var closed []error
	r := closeFunc(func(ctx context.Context) error {
		closed = append(closed, ctx.Err())
		return errFake
	})
	require.PanicsWithValue(t, "boom", func() {
		_ = closeutil.Using(context.Background(), r, func(context.Context, closeFunc) error { panic("boom") })
	})
	var wg sync.WaitGroup
	wg.Go(func() {
		_ = closeutil.Using(context.Background(), r, func(context.Context, closeFunc) error { runtime.Goexit(); return nil })
	})
	wg.Wait()
	require.Equal(t, []error{context.Canceled, context.Canceled}, closed)
}
