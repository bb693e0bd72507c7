//go:build unix

package socketstream

import (
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
)

// takeFiles looks at all descriptors before it takes one: where the environment
// is wrong about them, they are somebody else's, the runtime's own perhaps.
func takeFiles(n int, names []string) ([]*os.File, error) {
	for fd := firstInherited; fd < firstInherited+n; fd++ {
		if err := checkSocket(fd); err != nil {
			return nil, fmt.Errorf("descriptor %d (%s) of %s=%d: %w", fd, inheritedName(fd, names), listenFDs, n, err)
		}
	}
	files := make([]*os.File, n)
	for i := range files {
		fd := firstInherited + i
		syscall.CloseOnExec(fd)
		files[i] = os.NewFile(uintptr(fd), inheritedName(fd, names))
	}
	return files, nil
}

func checkSocket(fd int) error {
	var st syscall.Stat_t
	if err := syscall.Fstat(fd, &st); err != nil {
		return os.NewSyscallError("fstat", err)
	}
	if st.Mode&syscall.S_IFMT != syscall.S_IFSOCK {
		return syscall.ENOTSOCK
	}
	return nil
}

// listenFile makes a listener of a copy of f. net.FileListener would take a
// socket that does not listen, whose accept fails later and says EINVAL.
func listenFile(f *os.File) (net.Listener, error) {
	raw, err := f.SyscallConn()
	if err != nil {
		return nil, err
	}
	var checkErr error
	if raw.Control(func(fd uintptr) { checkErr = checkListening(int(fd)) }) != nil {
		return nil, os.ErrClosed // the one reason, for which there is an error of package os's own
	}
	if checkErr != nil {
		return nil, checkErr
	}
	return net.FileListener(f)
}

func checkListening(fd int) error {
	kind, err := syscall.GetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_TYPE)
	if err != nil {
		return os.NewSyscallError("getsockopt", err)
	}
	if kind != syscall.SOCK_STREAM {
		return errors.New("not a stream socket")
	}
	listening, err := syscall.GetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_ACCEPTCONN)
	if err == nil && listening == 0 { // Darwin does not know the option
		return errors.New("a socket that does not listen")
	}
	return nil
}

// dupListener returns a file of ln's socket.
//
// It is not the File method of net's listeners: once the descriptor of that
// file is asked for, as os/exec does, the socket blocks, in all processes that
// share it, and neither a deadline nor Close wakes an accept any more (issues
// 24942 and 29277 of Go). A file that os.NewFile makes of a descriptor which
// does not block leaves it so.
func dupListener(ln net.Listener) (f *os.File, err error) {
	raw, err := ln.(syscall.Conn).SyscallConn()
	if err != nil {
		return nil, err
	}
	controlErr := raw.Control(func(fd uintptr) {
		syscall.ForkLock.RLock()
		defer syscall.ForkLock.RUnlock()
		var n int
		if n, err = syscall.Dup(int(fd)); err != nil {
			err = os.NewSyscallError("dup", err)
			return
		}
		syscall.CloseOnExec(n)
		f = os.NewFile(uintptr(n), ln.Addr().Network()+" "+ln.Addr().String())
	})
	if controlErr != nil {
		return nil, controlErr
	}
	return f, err
}
