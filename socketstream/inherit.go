package socketstream

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
)

// The protocol of systemd's socket activation, see sd_listen_fds(3).
const (
	listenPID   = "LISTEN_PID"     // whom the sockets are for
	listenFDs   = "LISTEN_FDS"     // how many there are
	listenNames = "LISTEN_FDNAMES" // their names, with colons between them

	firstInherited = 3
)

// taking is held by Inherited, so that no descriptor is returned twice.
var taking sync.Mutex

// Inherited returns the sockets that this process was started with, in their
// order, for [ListenOptions].File or net.FilePacketConn. There are none if
// nobody passed any. Call it once, before anything else is started: it takes
// the variables out of the environment and sets close-on-exec, so that neither
// they nor the sockets reach this process's children. A later call returns none.
// It does not block. The files are the caller's, to use or to close.
//
// It speaks the protocol of systemd's socket activation: LISTEN_FDS says how
// many descriptors there are, from 3 on, and LISTEN_FDNAMES names them (the
// FileDescriptorName of a systemd.socket unit); the name is the File's, and
// LISTEN_FD_3 and so on where there is none. LISTEN_PID says whom they are for:
// with the id of another process in it, there are none. Where it is not set, they
// are for whoever runs, because a process that starts its own successor can't
// know the id beforehand:
//
//	f, err := l.File()
//	cmd.ExtraFiles = []*os.File{f} // the first one is descriptor 3
//	cmd.Env = append(cmd.Environ(), "LISTEN_FDS=1")
//
// A descriptor that is not open or not a socket is an error, which names it;
// then none is taken. On Windows being passed any is [errors.ErrUnsupported].
func Inherited() ([]*os.File, error) {
	taking.Lock()
	defer taking.Unlock()
	n, names, err := announced()
	if err != nil || n == 0 {
		return nil, opError("inherit", 0, err)
	}
	files, err := takeFiles(n, names)
	return files, opError("inherit", 0, err)
}

// announced takes the variables out of the environment and says what is in
// them.
func announced() (n int, names []string, err error) {
	take := func(key string) string {
		defer os.Unsetenv(key)
		return os.Getenv(key)
	}
	pid, fds, joined := take(listenPID), take(listenFDs), take(listenNames)
	if fds == "" || pid != "" && pid != strconv.Itoa(os.Getpid()) {
		return 0, nil, nil
	}
	count, err := strconv.ParseUint(fds, 10, 31)
	if err != nil {
		return 0, nil, fmt.Errorf("%s is %q, not how many sockets there are", listenFDs, fds)
	}
	if joined != "" {
		names = strings.Split(joined, ":")
		if len(names) != int(count) {
			return 0, nil, fmt.Errorf("%s=%s, but %s=%s has %d names", listenFDs, fds, listenNames, joined, len(names))
		}
	}
	return int(count), names, nil
}

// inheritedName returns the name of descriptor fd.
func inheritedName(fd int, names []string) string {
	if names != nil {
		return names[fd-firstInherited]
	}
	return "LISTEN_FD_" + strconv.Itoa(fd)
}
