//go:build !unix

package socketstream_test

import (
	"errors"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/socketstream"
)

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
