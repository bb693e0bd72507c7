package socketstream_test

import (
	"errors"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/socketstream"
)

func getOption(t *testing.T, s *socketstream.Stream, level, name int) (value int) {
	t.Helper()
	raw, err := s.SyscallConn()
	require.NoError(t, err)
	var getErr error
	require.NoError(t, raw.Control(func(fd uintptr) { value, getErr = syscall.GetsockoptInt(int(fd), level, name) }))
	require.NoError(t, getErr)
	return value
}

const tcpNotSentLowAt = 25 // TCP_NOTSENT_LOWAT

func TestOptionsReachTheSocket(t *testing.T) {
	s, _ := pair(t, "tcp")
	require.Equal(t, 1, getOption(t, s, syscall.IPPROTO_TCP, syscall.TCP_NODELAY), "by default")
	require.Zero(t, getOption(t, s, syscall.IPPROTO_TCP, tcpNotSentLowAt), "by default")
	require.NoError(t, s.SetNoDelay(false))
	require.Zero(t, getOption(t, s, syscall.IPPROTO_TCP, syscall.TCP_NODELAY))
	require.NoError(t, s.SetNotSentLowWater(12345))
	require.Equal(t, 12345, getOption(t, s, syscall.IPPROTO_TCP, tcpNotSentLowAt))
	require.NoError(t, s.SetNotSentLowWater(0))
	require.Zero(t, getOption(t, s, syscall.IPPROTO_TCP, tcpNotSentLowAt))
	require.NoError(t, s.SetKeepAlive(net.KeepAliveConfig{Enable: true, Idle: 77 * time.Second}))
	require.Equal(t, 77, getOption(t, s, syscall.IPPROTO_TCP, syscall.TCP_KEEPIDLE))
	require.NoError(t, s.SetReadBuffer(10_000))
	require.Equal(t, 20_000, getOption(t, s, syscall.SOL_SOCKET, syscall.SO_RCVBUF))
	require.NoError(t, s.SetWriteBuffer(11_000))
	require.Equal(t, 22_000, getOption(t, s, syscall.SOL_SOCKET, syscall.SO_SNDBUF))
}

func TestNotSentLowWaterIsRefused(t *testing.T) {
	s, _ := pair(t, "tcp")
	err := s.SetNotSentLowWater(-1)
	require.ErrorIs(t, err, syscall.EINVAL)
	require.EqualError(t, err, "socketstream: set not sent low water: invalid argument: -1 bytes")
	for _, network := range []string{"unix", "pipe"} {
		s, _ := pair(t, network)
		err := s.SetNotSentLowWater(1)
		require.ErrorIs(t, err, errors.ErrUnsupported)
		require.ErrorContains(t, err, "TCP_NOTSENT_LOWAT")
	}
	require.NoError(t, closeutil.CloseForcefully(s))
	require.ErrorIs(t, s.SetNotSentLowWater(1), abc.ErrClosed)
}

// With it, little is taken of what can't leave.
func TestNotSentLowWaterBoundsWhatIsTaken(t *testing.T) {
	taken := func(lowWater int) int {
		a, b := pair(t, "tcp")
		require.NoError(t, b.SetReadBuffer(4096))
		require.NoError(t, a.SetNotSentLowWater(lowWater))
		return clog(t, a, b)
	}
	low, without := taken(4096), taken(0)
	require.Less(t, low, without/4)
	t.Logf("a peer that does not receive: %d bytes were taken with it and %d without", low, without)
}
