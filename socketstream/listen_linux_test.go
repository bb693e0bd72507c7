package socketstream_test

import (
	"net"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/socketstream"
)

func TestListenThatFailsAtOneAddressLeavesNothing(t *testing.T) {
	taken, err := net.Listen("tcp4", "127.0.0.3:0")
	require.NoError(t, err)
	defer taken.Close()
	port := strconv.Itoa(taken.Addr().(*net.TCPAddr).Port)
	leavesNothing(t)
	opts := &socketstream.ListenOptions{Resolver: names{"127.0.0.1", "127.0.0.2", "127.0.0.3"}}
	_, err = socketstream.Listen(t.Context(), "tcp", "example.com:"+port, opts)
	requireListenError(t, err, syscall.EADDRINUSE)
	require.ErrorContains(t, err, "127.0.0.3:"+port)
	for _, host := range []string{"127.0.0.1", "127.0.0.2"} {
		ln, err := net.Listen("tcp4", net.JoinHostPort(host, port))
		require.NoError(t, err)
		require.NoError(t, ln.Close())
	}
}

func TestListenAtManyAddressesHasOnePort(t *testing.T) {
	hosts := names{"127.0.0.1", "127.0.0.2", "::1", "127.0.0.3"}
	for range 20 {
		l, err := socketstream.Listen(t.Context(), "tcp4", "example.com:0", &socketstream.ListenOptions{Resolver: hosts})
		require.NoError(t, err)
		var got []string
		for _, a := range l.Addrs() {
			require.Equal(t, l.Addr().(*net.TCPAddr).Port, a.(*net.TCPAddr).Port)
			got = append(got, a.(*net.TCPAddr).IP.String())
		}
		require.Equal(t, []string{"127.0.0.1", "127.0.0.2", "127.0.0.3"}, got)
		_, err = l.File()
		require.ErrorContains(t, err, "the listener has 3 sockets")
		require.NoError(t, l.Close(t.Context()))
	}
}

func TestReusePort(t *testing.T) {
	first := listenTo(t, "tcp4", &socketstream.ListenOptions{ReusePort: true})
	_, err := socketstream.Listen(t.Context(), "tcp4", first.Addr().String(), nil)
	requireListenError(t, err, syscall.EADDRINUSE)
	controlled := false
	second, err := socketstream.Listen(t.Context(), "tcp4", first.Addr().String(), &socketstream.ListenOptions{
		ReusePort: true, Control: func(string, string, syscall.RawConn) error { controlled = true; return nil },
	})
	require.NoError(t, err)
	require.True(t, controlled)
	require.NoError(t, first.Close(t.Context()))
	s := dialTo(t, second)
	require.NoError(t, s.Close(t.Context()))
	require.NoError(t, second.Close(t.Context()))
}

func TestBacklogOfAUnixSocket(t *testing.T) {
	path := filepath.Join(socketFolder(t), "s")
	l, err := socketstream.Listen(t.Context(), "unix", path, &socketstream.ListenOptions{Backlog: 2})
	require.NoError(t, err)
	for range 3 { // one more, as the kernel counts
		s := dialTo(t, l)
		defer s.Close(t.Context())
	}
	_, err = socketstream.Dial(t.Context(), "unix", path, nil)
	require.ErrorIs(t, err, syscall.EAGAIN)
	require.NoError(t, l.Close(t.Context()))
}
