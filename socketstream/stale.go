//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package socketstream

import (
	"context"
	"errors"
	"net"
	"os"
	"syscall"
	"time"
)

// How long to wait for a lock, which is held for a few system calls, if nobody
// means harm.
const (
	lockPatience = time.Second
	lockInterval = time.Millisecond
)

// lockFolder has one process at a time, of those that use this package, listen
// at a path of a folder. Otherwise two could find the same stale socket, and one
// of them remove what the other has put in its place.
//
// It is the folder that is locked, so that there is no file to be left behind. It
// reports false if there is no lock to be had: the folder can't be read, its
// file system has none, or somebody does not let go of it.
func lockFolder(ctx context.Context, folder string) (unlock func(), locked bool) {
	f, err := os.OpenFile(folder, os.O_RDONLY|syscall.O_DIRECTORY, 0)
	if err != nil {
		return func() {}, false
	}
	unlock = func() { _ = f.Close() } // which ends the lock
	raw, err := f.SyscallConn()
	if err != nil {
		return unlock, false
	}
	ctx, cancel := context.WithTimeout(ctx, lockPatience)
	defer cancel()
	for {
		var lockErr error
		if err := raw.Control(func(fd uintptr) { lockErr = syscall.Flock(int(fd), syscall.LOCK_EX|syscall.LOCK_NB) }); err != nil {
			return unlock, false
		}
		if lockErr != syscall.EWOULDBLOCK && lockErr != syscall.EINTR {
			return unlock, lockErr == nil
		}
		select {
		case <-time.After(lockInterval):
		case <-ctx.Done():
			return unlock, false
		}
	}
}

// removeStale removes the socket at path and reports true if it is nobody's any
// more. The caller holds the lock of its folder.
//
// It asks by the connect of a datagram socket. If there is a socket behind the
// path, that fails with EPROTOTYPE, in whatever state it is: it may be bound and
// not listen yet, its backlog may be full, it may be a client's. Or it is one
// for datagrams, and the connect succeeds and does nothing to it. Only where
// there is none it is ECONNREFUSED. (The connect of a stream socket is that in
// the first case too, in the second on the BSDs, and where it succeeds it shows
// at the server.)
func removeStale(path string) bool {
	before, err := os.Lstat(path)
	if err != nil || before.Mode()&os.ModeSocket == 0 {
		return false
	}
	c, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Net: "unixgram", Name: path}) // does not block
	if err == nil {
		_ = c.Close()
		return false
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		return false
	}
	// Whoever does not lock may have been faster. The inode alone does not tell,
	// for a new file may get that of one that was removed.
	after, err := os.Lstat(path)
	if err != nil || !os.SameFile(before, after) || !before.ModTime().Equal(after.ModTime()) {
		return false
	}
	return os.Remove(path) == nil
}
