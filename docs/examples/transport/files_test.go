package transport

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNewWantsFilesWithDeadlines(t *testing.T) {
	file, err := os.Create(t.TempDir() + "/regular")
	require.NoError(t, err)
	_, err = New(file, file)
	require.ErrorIs(t, err, os.ErrNoDeadline)
	require.NoError(t, file.Close(), "it is still ours")
}
