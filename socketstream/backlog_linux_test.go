//go:build !386 && !s390x

package socketstream_test

import (
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/socketstream"
)

// backlogOf returns what Linux has as the backlog of l: the tcpi_sacked of
// TCP_INFO, for a socket that listens. (Two architectures have no system call of
// this name.)
func backlogOf(t *testing.T, l *socketstream.Listener) int {
	t.Helper()
	f, err := l.File()
	require.NoError(t, err)
	defer f.Close()
	raw, err := f.SyscallConn()
	require.NoError(t, err)
	var info syscall.TCPInfo
	size := uint32(unsafe.Sizeof(info))
	require.NoError(t, raw.Control(func(fd uintptr) {
		_, _, errno := syscall.Syscall6(syscall.SYS_GETSOCKOPT, fd, syscall.IPPROTO_TCP, syscall.TCP_INFO,
			uintptr(unsafe.Pointer(&info)), uintptr(unsafe.Pointer(&size)), 0)
		require.Zero(t, errno)
	}))
	return int(info.Sacked)
}

func TestBacklog(t *testing.T) {
	content, err := os.ReadFile("/proc/sys/net/core/somaxconn")
	require.NoError(t, err)
	most, err := strconv.Atoi(strings.TrimSpace(string(content)))
	require.NoError(t, err)
	for asked, want := range map[int]int{0: most, 1: 1, 10: 10, 65536: min(most, 65535), 99999999: min(most, 65535)} {
		l := listenTo(t, "tcp4", &socketstream.ListenOptions{Backlog: asked})
		require.Equal(t, want, backlogOf(t, l), "%d", asked)
		require.NoError(t, l.Close(t.Context()))
	}
}
