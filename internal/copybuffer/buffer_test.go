package copybuffer_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/tributary-go/tributary/internal/copybuffer"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestBufferIsLargeWhileMuchComes(t *testing.T) {
	const small = 4 << 10
	var b copybuffer.Buffer
	for _, step := range []struct{ came, size int }{
		{0, small}, {1, small}, {small - 1, small}, // it did not fill it
		{small, copybuffer.Large}, {copybuffer.Large, copybuffer.Large}, {small + 1, copybuffer.Large},
		{small, copybuffer.Large}, {small - 1, small}, {small, copybuffer.Large}, {1, small},
	} {
		require.Len(t, b.After(step.came), step.size, "after %d", step.came)
	}
	for _, step := range []struct{ came, size int }{{0, small}, {small, copybuffer.Large}, {1, small}} {
		b.Free()
		require.Zero(t, b, "it holds something")
		require.Len(t, b.After(step.came), step.size)
	}
	b.Free()
}
