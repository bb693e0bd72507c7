package pipestream_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

// leavesNothing fails the test if it ends with more goroutines or open files
// than there are now.
func leavesNothing(t *testing.T) {
	t.Helper()
	goroutines := goleak.IgnoreCurrent()
	files := countFiles(t)
	t.Cleanup(func() {
		goleak.VerifyNone(t, goroutines)
		require.LessOrEqual(t, countFiles(t), files, "open files") // what went before may have left some to the collector
	})
}
