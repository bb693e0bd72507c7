package memstream

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
)

// Close came between the beginning of an operation and that of its hook, of
// which it did not know.
func TestHookThatBeginsAfterClose(t *testing.T) {
	var e manualEnd
	require.NoError(t, e.guard.Enter(bg))
	e.shut()
	err := e.hook(bg, func(ctx context.Context) error { return ctx.Err() })
	require.Equal(t, abc.ErrClosed, err)
}
