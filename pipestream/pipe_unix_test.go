//go:build unix

package pipestream_test

import (
	"os"
	"syscall"

	"github.com/tributary-go/tributary/abc"
)

// blockingPipe is as a shell makes it: a system call on it blocks, and no
// deadline ends that.
func blockingPipe() (r, w *os.File, err error) {
	var fds [2]int
	syscall.ForkLock.RLock()
	err = syscall.Pipe(fds[:])
	for _, fd := range fds {
		syscall.CloseOnExec(fd)
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return nil, nil, os.NewSyscallError("pipe", err)
	}
	return os.NewFile(uintptr(fds[0]), "|0"), os.NewFile(uintptr(fds[1]), "|1"), nil
}

// clogged returns the ends of a pipe that has no room for a single byte.
func clogged() (abc.SendStream, abc.ReceiveStream, error) {
	s, r, err := pipeMaker(os.Pipe).oneWay()
	if err != nil {
		return nil, nil, err
	}
	raw, err := s.File().SyscallConn()
	if err != nil {
		return nil, nil, err
	}
	err = raw.Write(func(fd uintptr) (done bool) {
		for block := make([]byte, 64<<10); err == nil; {
			_, err = syscall.Write(int(fd), block) // takes what there is room for
		}
		return true
	})
	return s, r, err
}

var pipeMakers = map[string]pipeMaker{"pipe": os.Pipe, "blocking pipe": blockingPipe}
