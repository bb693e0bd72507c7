package socketstream_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/socketstream"
)

func TestFailedListenLeaksNoFile(t *testing.T) {
	dir := t.TempDir()
	_, _ = socketstream.Listen(t.Context(), "unix", dir, nil) // whatever is opened once
	before := countFiles(t)
	for range 20 {
		_, err := socketstream.Listen(t.Context(), "unix", dir, nil)
		require.Error(t, err)
	}
	require.Equal(t, before, countFiles(t))
}
