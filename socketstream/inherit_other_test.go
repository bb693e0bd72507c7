//go:build !unix

package socketstream_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/socketstream"
)

var pathOptions *socketstream.ListenOptions // there is no Mode

func TestSocketsAreNotPassedOn(t *testing.T) {
	files, err := socketstream.Inherited()
	require.NoError(t, err, "a program for all systems may ask")
	require.Empty(t, files)
	t.Setenv("LISTEN_FDS", "1")
	_, err = socketstream.Inherited()
	require.ErrorIs(t, err, errors.ErrUnsupported)

	l := listenTo(t, "tcp4", nil)
	_, err = l.File()
	require.ErrorIs(t, err, errors.ErrUnsupported)
	require.NoError(t, l.Close(t.Context()))
	f, err := os.Open(os.DevNull)
	require.NoError(t, err)
	_, err = socketstream.Listen(t.Context(), "tcp", "", &socketstream.ListenOptions{File: f})
	requireListenError(t, err, errors.ErrUnsupported)
}

func TestUnsupportedOptions(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	for name, listen := range map[string]func() (*socketstream.Listener, error){
		"Mode": func() (*socketstream.Listener, error) {
			return socketstream.Listen(t.Context(), "unix", path, &socketstream.ListenOptions{Mode: 0o600})
		},
		"Backlog": func() (*socketstream.Listener, error) {
			return socketstream.Listen(t.Context(), "tcp", "127.0.0.1:0", &socketstream.ListenOptions{Backlog: 10})
		},
		"ReusePort": func() (*socketstream.Listener, error) {
			return socketstream.Listen(t.Context(), "tcp", "127.0.0.1:0", &socketstream.ListenOptions{ReusePort: true})
		},
		"@name": func() (*socketstream.Listener, error) {
			return socketstream.Listen(t.Context(), "unix", "@name", nil)
		},
	} {
		_, err := listen()
		requireListenError(t, err, errors.ErrUnsupported)
		require.ErrorContains(t, err, name)
	}
	require.NoFileExists(t, path)
}
