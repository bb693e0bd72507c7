//go:build unix

package socketstream

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"syscall"

	"github.com/tributary-go/tributary/abc"
)

func listenAgain(fd uintptr, backlog int) error {
	return os.NewSyscallError("listen", syscall.Listen(int(fd), backlog))
}

// listenUnix makes the socket step by step, because the permissions belong
// between bind and listen: the path is there, and nobody can connect yet. A
// net.ListenConfig does both in one.
func (o *ListenOptions) listenUnix(ctx context.Context, path string) (net.Listener, error) {
	if !isPath(path) {
		return o.listenAtName(path)
	}
	unlock, locked := lockFolder(ctx, filepath.Dir(path))
	defer unlock()
	if ctx.Err() != nil {
		return nil, abc.ContextErr(ctx)
	}
	ln, err := o.listenAtPath(path)
	if locked && isAny(err, inUse) && removeStale(path) {
		ln, err = o.listenAtPath(path)
	}
	if err != nil {
		return nil, explainPath(path, err)
	}
	return ln, nil
}

// listenAtName is for what no file stands for.
func (o *ListenOptions) listenAtName(name string) (net.Listener, error) {
	f, err := o.bindUnix(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return o.listenUnixFile(f, name)
}

func (o *ListenOptions) listenAtPath(path string) (_ net.Listener, err error) {
	absolute, err := filepath.Abs(path) // for Close, when another folder may be the current one
	if err != nil {
		return nil, err
	}
	f, err := o.bindUnix(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	own := &ownPath{path: absolute}
	if own.info, err = os.Lstat(absolute); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			own.remove()
		}
	}()
	if o.Mode != 0 {
		if err := chmod(absolute, o.Mode); err != nil {
			return nil, err
		}
	}
	ln, err := o.listenUnixFile(f, path)
	if err != nil {
		return nil, err
	}
	return &pathListener{UnixListener: ln.(*net.UnixListener), own: own}, nil
}

// chmod does not follow a symbolic link out of the folder, which somebody who
// may write there could have put in place of the socket.
func chmod(path string, mode os.FileMode) error {
	folder, err := os.OpenRoot(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer folder.Close()
	return folder.Chmod(filepath.Base(path), mode)
}

// bindUnix returns a socket that is bound and does not listen.
func (o *ListenOptions) bindUnix(name string) (_ *os.File, err error) {
	defer func() { err = unixError(name, err) }()
	f, err := newUnixSocket(name)
	if err != nil {
		return nil, err
	}
	raw, err := f.SyscallConn()
	if err == nil && o.Control != nil {
		err = o.Control("unix", name, raw)
	}
	if err == nil {
		err = control(raw, "bind", func(fd int) error { return syscall.Bind(fd, &syscall.SockaddrUnix{Name: name}) })
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

// listenUnixFile has the socket of f, which is bound, listen. f is left to the
// caller to close.
func (o *ListenOptions) listenUnixFile(f *os.File, name string) (_ net.Listener, err error) {
	defer func() { err = unixError(name, err) }()
	backlog := maxBacklog // the system knows better, and takes what it allows
	if o.Backlog != 0 {
		backlog = min(o.Backlog, maxBacklog)
	}
	raw, err := f.SyscallConn()
	if err != nil {
		return nil, err
	}
	if err := control(raw, "listen", func(fd int) error { return syscall.Listen(fd, backlog) }); err != nil {
		return nil, err
	}
	return net.FileListener(f)
}

func newUnixSocket(name string) (*os.File, error) {
	syscall.ForkLock.RLock()
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err == nil {
		syscall.CloseOnExec(fd)
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	if err := syscall.SetNonblock(fd, true); err != nil {
		_ = syscall.Close(fd)
		return nil, os.NewSyscallError("setnonblock", err)
	}
	return os.NewFile(uintptr(fd), "unix "+name), nil
}

func control(raw syscall.RawConn, name string, f func(fd int) error) error {
	var callErr error
	if err := raw.Control(func(fd uintptr) { callErr = f(int(fd)) }); err != nil {
		return err
	}
	return os.NewSyscallError(name, callErr)
}

// unixError returns err, if there is one, as package net does.
func unixError(name string, err error) error {
	if err == nil {
		return nil
	}
	return &net.OpError{Op: "listen", Net: "unix", Addr: &net.UnixAddr{Net: "unix", Name: name}, Err: err}
}
