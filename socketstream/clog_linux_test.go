package socketstream_test

import (
	"runtime"
	"syscall"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/socketstream"
)

// clog sends to b until the system takes not even one byte more. It returns how
// many it took.
func clog(t testing.TB, a, b *socketstream.Stream) (sent int) {
	t.Helper()
	p := make([]byte, 64<<10)
	for {
		before := sent
		for size := len(p); size > 0; {
			n, err := tryWrite(t, a, p[:size])
			switch err {
			case nil:
				sent += n
			case syscall.EAGAIN:
				size /= 2
			case syscall.EINTR:
			default:
				require.NoError(t, err)
			}
		}
		if sent == before && settled(t, a, b, sent) {
			return sent
		}
		runtime.Gosched()
	}
}

func tryWrite(t testing.TB, s *socketstream.Stream, p []byte) (n int, err error) {
	onSocket(t, s, func(fd uintptr) { n, err = syscall.Write(int(fd), p) })
	return n, err
}

// settled reports whether of all that was sent nothing is on its way: it is
// either still at a or at b, and waits to be received.
func settled(t testing.TB, a, b *socketstream.Stream, sent int) bool {
	if a.LocalAddr().Network() == "unix" {
		return true
	}
	return ioctl(t, a, syscall.TIOCOUTQ)+ioctl(t, b, syscall.TIOCINQ) == sent
}

func ioctl(t testing.TB, s *socketstream.Stream, request uintptr) int {
	var value int32
	var errno syscall.Errno
	onSocket(t, s, func(fd uintptr) {
		_, _, errno = syscall.Syscall(syscall.SYS_IOCTL, fd, request, uintptr(unsafe.Pointer(&value)))
	})
	require.Zero(t, errno)
	return int(value)
}

func onSocket(t testing.TB, s *socketstream.Stream, f func(fd uintptr)) {
	raw, err := s.SyscallConn()
	require.NoError(t, err)
	require.NoError(t, raw.Control(f))
}

// cloggedPair returns a connection on which a can't send one byte.
func cloggedPair(t testing.TB, network string) (a, b *socketstream.Stream) {
	a, b = pair(t, network)
	require.NoError(t, a.SetWriteBuffer(8<<10))
	require.NoError(t, b.SetReadBuffer(8<<10))
	clog(t, a, b)
	return a, b
}

func makeClogged(t testing.TB, network string) func() (abc.SendStream, abc.ReceiveStream, error) {
	return func() (abc.SendStream, abc.ReceiveStream, error) {
		a, b := cloggedPair(t, network)
		return a, b, nil
	}
}
