package bridge_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/bridge"
	"github.com/tributary-go/tributary/memstream"
)

func TestDialContext(t *testing.T) {
	errNobody := errors.New("nobody there")
	ctx := context.WithValue(t.Context(), ctxKey{}, "passed on")
	a, _ := memstream.Pair(nil)
	dial := bridge.DialContext(func(ctx context.Context, address string) (*memstream.Stream, error) {
		require.Equal(t, "passed on", ctx.Value(ctxKey{}))
		if address != "b:80" {
			return nil, errNobody
		}
		return a, nil
	})
	c, err := dial(ctx, "tcp", "b:80")
	require.NoError(t, err)
	require.Same(t, a, c.(interface{ Stream() abc.Stream }).Stream())
	require.NoError(t, c.Close())

	c, err = dial(ctx, "tcp", "c:80")
	require.Nil(t, c)
	require.Equal(t, errNobody, err)

	require.PanicsWithValue(t, "bridge: DialContext of a nil function", func() {
		bridge.DialContext[abc.Stream](nil)
	})
}

type ctxKey struct{}
