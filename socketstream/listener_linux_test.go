package socketstream_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/socketstream"
)

func TestFailedListenLeaksNoFile(t *testing.T) {
	count := func() int {
		entries, err := os.ReadDir("/proc/self/fd")
		require.NoError(t, err)
		return len(entries)
	}
	dir := t.TempDir()
	_, _ = socketstream.Listen(t.Context(), "unix", dir, nil) // whatever is opened once
	before := count()
	for range 20 {
		_, err := socketstream.Listen(t.Context(), "unix", dir, nil)
		require.Error(t, err)
	}
	require.Less(t, count(), before+10)
}
