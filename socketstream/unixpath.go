package socketstream

import (
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
)

// A pathListener listens at a path, which it removes when it is closed.
type pathListener struct {
	*net.UnixListener // which does not
	own               *ownPath
	keep              bool // the path; written before Close
}

// Close removes the path first: as long as the socket is open, its inode is not
// another file's.
func (l *pathListener) Close() error {
	if !l.keep {
		l.own.remove()
	}
	return l.UnixListener.Close()
}

// An ownPath is the path of a socket of ours.
type ownPath struct {
	path string
	info os.FileInfo
}

// remove removes the path, unless something else is there by now. What fails is
// left to the next one who listens there, as package net does.
func (p *ownPath) remove() {
	if info, err := os.Lstat(p.path); err == nil && os.SameFile(info, p.info) {
		_ = os.Remove(p.path)
	}
}

// explainPath adds to the error of listening at a path what is the matter with
// that. The system's "address already in use" sends people looking for a
// process, and its "invalid argument" nowhere.
func explainPath(path string, err error) error {
	if errors.Is(err, syscall.EINVAL) && len(path) > 100 {
		return fmt.Errorf("a path of %d bytes is too long for a socket: %w", len(path), err)
	}
	info, statErr := os.Lstat(path)
	switch {
	case statErr != nil, !isAny(err, inUse):
		return err
	case info.IsDir():
		return fmt.Errorf("%s is a directory: %w", path, err)
	case info.Mode()&os.ModeSocket == 0:
		return fmt.Errorf("%s exists and is not a socket: %w", path, err)
	}
	return err
}
