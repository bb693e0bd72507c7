//go:build unix

package socketstream_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/socketstream"
)

var pathOptions = &socketstream.ListenOptions{Mode: 0o600}

func TestListenLeavesAloneWhatIsAtItsPath(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "directory")
	require.NoError(t, os.Mkdir(path, 0o700))
	_, err := socketstream.Listen(t.Context(), "unix", path, nil)
	requireListenError(t, err, syscall.EADDRINUSE)
	require.ErrorContains(t, err, path+" is a directory")
	require.DirExists(t, path)

	path = filepath.Join(dir, "file")
	require.NoError(t, os.WriteFile(path, []byte("precious"), 0o600))
	_, err = socketstream.Listen(t.Context(), "unix", path, nil)
	requireListenError(t, err, syscall.EADDRINUSE)
	require.ErrorContains(t, err, path+" exists and is not a socket")
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "precious", string(content))

	_, err = socketstream.Listen(t.Context(), "unix", filepath.Join(dir, strings.Repeat("x", 200)), nil)
	requireListenError(t, err, syscall.EINVAL)
	require.ErrorContains(t, err, "bytes is too long for a socket")
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 2)

	path = filepath.Join(dir, "s")
	l, err := socketstream.Listen(t.Context(), "unix", path, nil)
	require.NoError(t, err)
	require.NoError(t, l.Close(t.Context()))
	require.NoFileExists(t, path)
}
