//go:build unix

package socketstream_test

import (
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// needFiles skips a test where the system allows fewer descriptors. Go has
// raised the soft limit to the hard one already.
func needFiles(t *testing.T, n uint64) {
	t.Helper()
	var limit syscall.Rlimit
	require.NoError(t, syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit))
	if uint64(limit.Cur) < n {
		t.Skipf("needs %d file descriptors, and the limit here is %d", n, limit.Cur)
	}
}
