package pipestream_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// countFiles returns how many descriptors this process has.
func countFiles(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	return len(entries)
}
