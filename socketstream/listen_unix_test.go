//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package socketstream_test

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/socketstream"
)

// socketFolder is a folder with a short path.
func socketFolder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// leaveSocket leaves the path of a socket behind, as a process does that was
// killed.
func leaveSocket(t *testing.T, path string) {
	t.Helper()
	ln, err := net.ListenUnix("unix", &net.UnixAddr{Net: "unix", Name: path})
	require.NoError(t, err)
	ln.SetUnlinkOnClose(false)
	require.NoError(t, ln.Close())
}

func requireConnects(t *testing.T, path string) {
	t.Helper()
	c, err := net.Dial("unix", path)
	require.NoError(t, err)
	require.NoError(t, c.Close())
}

func TestStaleSocketIsReplaced(t *testing.T) {
	path := filepath.Join(socketFolder(t), "s")
	leavesNothing(t)
	for range 3 {
		leaveSocket(t, path)
		l, err := socketstream.Listen(t.Context(), "unix", path, nil)
		require.NoError(t, err)
		require.Equal(t, path, l.Addr().String())
		requireConnects(t, path)
		require.NoError(t, l.Close(t.Context()))
		require.NoFileExists(t, path)
	}
}

func TestSocketsThatAreSomebodysAreLeftAlone(t *testing.T) {
	bind := func(kind int, listen bool) func(t *testing.T, path string) {
		return func(t *testing.T, path string) {
			fd, err := syscall.Socket(syscall.AF_UNIX, kind, 0)
			require.NoError(t, err)
			t.Cleanup(func() { _ = syscall.Close(fd) })
			require.NoError(t, syscall.Bind(fd, &syscall.SockaddrUnix{Name: path}))
			if listen {
				require.NoError(t, syscall.Listen(fd, 0))
			}
		}
	}
	for name, occupy := range map[string]func(t *testing.T, path string){
		"listens":       bind(syscall.SOCK_STREAM, true),
		"about to":      bind(syscall.SOCK_STREAM, false),
		"for datagrams": bind(syscall.SOCK_DGRAM, false),
		"backlog full": func(t *testing.T, path string) {
			bind(syscall.SOCK_STREAM, true)(t, path)
			for { // until it refuses, or says that it is busy
				c, err := net.Dial("unix", path)
				if err != nil {
					return
				}
				t.Cleanup(func() { _ = c.Close() })
			}
		},
		"a client's": func(t *testing.T, path string) {
			l := listenTo(t, "unix", nil)
			t.Cleanup(func() { _ = closeutil.CloseForcefully(l) })
			s, err := socketstream.Dial(t.Context(), "unix", l.Addr().String(), &socketstream.DialOptions{
				LocalAddr: &net.UnixAddr{Net: "unix", Name: path},
			})
			require.NoError(t, err)
			t.Cleanup(func() { _ = closeutil.CloseForcefully(s) })
		},
		"not a socket": func(t *testing.T, path string) {
			require.NoError(t, os.WriteFile(path, []byte("precious"), 0o600))
		},
		"a link to a stale socket": func(t *testing.T, path string) {
			leaveSocket(t, path+"2")
			require.NoError(t, os.Symlink(path+"2", path))
		},
		"a link to nothing": func(t *testing.T, path string) {
			require.NoError(t, os.Symlink(path+"2", path))
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(socketFolder(t), "s")
			occupy(t, path)
			before, err := os.Lstat(path)
			require.NoError(t, err)
			_, err = socketstream.Listen(t.Context(), "unix", path, nil)
			requireListenError(t, err, syscall.EADDRINUSE)
			after, err := os.Lstat(path)
			require.NoError(t, err)
			require.True(t, os.SameFile(before, after))
		})
	}
}

// Both find the stale socket; the second one removed what the first one had put
// in its place.
func TestStartersAtTheSameTime(t *testing.T) {
	const starters = 8
	path := filepath.Join(socketFolder(t), "s")
	leavesNothing(t)
	for range 100 {
		leaveSocket(t, path)
		var ls [starters]*socketstream.Listener
		var errs [starters]error
		var wg sync.WaitGroup
		for i := range starters {
			wg.Go(func() { ls[i], errs[i] = socketstream.Listen(t.Context(), "unix", path, nil) })
		}
		wg.Wait()
		var winners []*socketstream.Listener
		for i := range starters {
			if errs[i] == nil {
				winners = append(winners, ls[i])
			} else {
				require.ErrorIs(t, errs[i], syscall.EADDRINUSE)
			}
		}
		require.Len(t, winners, 1)
		requireConnects(t, path)
		require.NoError(t, winners[0].Close(t.Context()))
		require.NoFileExists(t, path)
	}
}

// Where the lock can't be had, Listen does what it can without.
func TestSomebodyHoldsTheLock(t *testing.T) {
	dir := socketFolder(t)
	f, err := os.Open(dir)
	require.NoError(t, err)
	defer f.Close()
	require.NoError(t, syscall.Flock(int(f.Fd()), syscall.LOCK_EX))

	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err = socketstream.Listen(ctx, "unix", filepath.Join(dir, "cancelled"), nil)
	requireListenError(t, err, context.DeadlineExceeded)
	require.NoFileExists(t, filepath.Join(dir, "cancelled"))

	leaveSocket(t, filepath.Join(dir, "stale"))
	_, err = socketstream.Listen(t.Context(), "unix", filepath.Join(dir, "stale"), nil)
	requireListenError(t, err, syscall.EADDRINUSE)
	l, err := socketstream.Listen(t.Context(), "unix", filepath.Join(dir, "free"), nil)
	require.NoError(t, err)
	require.NoError(t, l.Close(t.Context()))
}

func TestCloseRemovesItsOwnPathOnly(t *testing.T) {
	path := filepath.Join(socketFolder(t), "s")
	first, err := socketstream.Listen(t.Context(), "unix", path, nil)
	require.NoError(t, err)
	require.NoError(t, os.Remove(path)) // as scripts do
	second, err := socketstream.Listen(t.Context(), "unix", path, nil)
	require.NoError(t, err)
	require.NoError(t, first.Close(t.Context()))
	requireConnects(t, path)
	require.NoError(t, os.Remove(path))
	require.NoError(t, second.Close(t.Context()))

	kept, err := socketstream.Listen(t.Context(), "unix", path, nil)
	require.NoError(t, err)
	kept.SetUnlinkOnClose(false)
	require.NoError(t, kept.Close(t.Context()))
	kept.SetUnlinkOnClose(true)
	require.FileExists(t, path)
}

func TestRelativePathIsRemovedFromAnotherFolder(t *testing.T) {
	dir := socketFolder(t)
	t.Chdir(dir)
	l, err := socketstream.Listen(t.Context(), "unix", "s", nil)
	require.NoError(t, err)
	require.Equal(t, "s", l.Addr().String())
	t.Chdir("/")
	require.NoError(t, l.Close(t.Context()))
	require.NoFileExists(t, filepath.Join(dir, "s"))
}

func TestModeOfTheSocket(t *testing.T) {
	dir := socketFolder(t)
	for _, umask := range []int{0, 0o077} {
		for _, mode := range []os.FileMode{0o600, 0o660, 0o666, 0o777} {
			old := syscall.Umask(umask)
			path := filepath.Join(dir, "s")
			l, err := socketstream.Listen(t.Context(), "unix", path, &socketstream.ListenOptions{Mode: mode})
			syscall.Umask(old)
			require.NoError(t, err)
			info, err := os.Lstat(path)
			require.NoError(t, err)
			require.Equal(t, mode, info.Mode().Perm(), "umask %o", umask)
			require.NoError(t, l.Close(t.Context()))
		}
	}
}

func TestNobodyConnectsBeforeTheModeIsSet(t *testing.T) {
	path := filepath.Join(socketFolder(t), "s")
	for range 100 {
		connected := make(chan os.FileMode)
		go func() {
			for {
				c, err := net.Dial("unix", path)
				if err != nil {
					runtime.Gosched()
					continue
				}
				info, err := os.Lstat(path)
				_ = c.Close()
				if err != nil {
					connected <- 0
					return
				}
				connected <- info.Mode().Perm()
				return
			}
		}()
		l, err := socketstream.Listen(t.Context(), "unix", path, &socketstream.ListenOptions{Mode: 0o600})
		require.NoError(t, err)
		require.EqualValues(t, 0o600, <-connected)
		require.NoError(t, l.Close(t.Context()))
	}
}
