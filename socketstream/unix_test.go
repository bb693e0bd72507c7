package socketstream_test

import (
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/socketstream"
)

func TestUnixSocket(t *testing.T) {
	dir, err := os.MkdirTemp("", "")
	require.NoError(t, err)
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "s")

	_, err = socketstream.Dial(bg, "unix", path, nil)
	require.ErrorIs(t, err, syscall.ENOENT)

	l, err := socketstream.Listen(bg, "unix", path, nil)
	require.NoError(t, err)
	served := make(chan error, 1)
	go func() {
		served <- l.Serve(bg, func(ctx context.Context, s abc.Stream) {
			abc.Copy(ctx, s, s)
			s.SendEOF(ctx)
		})
	}()
	here := &net.UnixAddr{Net: "unix", Name: filepath.Join(dir, "here")}
	s, err := socketstream.Dial(bg, "unix", path, &socketstream.DialOptions{LocalAddr: here})
	require.NoError(t, err)
	require.Equal(t, path, s.RemoteAddr().String())
	require.Equal(t, here.Name, s.LocalAddr().String())
	require.NoError(t, s.SendAll(bg, []byte("hello")))
	require.NoError(t, s.SendEOF(bg))
	got, err := receiveAll(s)
	require.Equal(t, io.EOF, err)
	require.Equal(t, "hello", got)
	require.NoError(t, s.Close(bg))
	require.NoError(t, l.Close(bg))
	require.ErrorIs(t, <-served, abc.ErrClosed)
	require.NoFileExists(t, path)
}
