package socketstream_test

import (
	"errors"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/socketstream"
)

type option struct {
	op, name string
	set      func(*socketstream.Stream) error
	networks []string // those that have it, among "tcp", "unix" and "pipe"
}

var options = []option{
	{"set no delay", "TCP_NODELAY",
		func(s *socketstream.Stream) error { return s.SetNoDelay(false) }, []string{"tcp"}},
	{"set keep alive", "SO_KEEPALIVE", func(s *socketstream.Stream) error {
		return s.SetKeepAlive(net.KeepAliveConfig{Enable: true, Idle: time.Minute})
	}, []string{"tcp"}},
	{"set read buffer", "SO_RCVBUF",
		func(s *socketstream.Stream) error { return s.SetReadBuffer(5000) }, []string{"tcp", "unix"}},
	{"set write buffer", "SO_SNDBUF",
		func(s *socketstream.Stream) error { return s.SetWriteBuffer(6000) }, []string{"tcp", "unix"}},
	{"syscall conn", "SyscallConn",
		func(s *socketstream.Stream) error { _, err := s.SyscallConn(); return err }, []string{"tcp", "unix"}},
}

func TestOptionsAreSetOrNamedAsUnsupported(t *testing.T) {
	for _, o := range options {
		for _, network := range []string{"tcp", "unix", "pipe"} {
			t.Run(o.op+"/"+network, func(t *testing.T) {
				s, _ := pair(t, network)
				has := false
				for _, n := range o.networks {
					has = has || n == network
				}
				err := o.set(s)
				var op *abc.OpError
				if has {
					require.NoError(t, err)
				} else {
					require.ErrorIs(t, err, errors.ErrUnsupported)
					require.ErrorContains(t, err, " has no "+o.name)
					require.ErrorAs(t, err, &op)
					require.Equal(t, o.op, op.Op)
				}
				require.NoError(t, closeutil.CloseForcefully(s))
				err = o.set(s)
				if has && o.op == "syscall conn" {
					return // the RawConn says it
				}
				require.ErrorAs(t, err, &op)
				require.ErrorIs(t, err, abc.ErrClosed)
			})
		}
	}
}

func TestOptionOfAConnClosedUnderneath(t *testing.T) {
	s, _ := pair(t, "tcp")
	require.NoError(t, s.Conn().Close())
	require.ErrorIs(t, s.SetNoDelay(true), abc.ErrClosed)
}

// A type that embeds a socket has its options.
func TestOptionsOfAWrappedConn(t *testing.T) {
	x, _ := netPair(t, "tcp")
	s := socketstream.New(struct{ *net.TCPConn }{x.(*net.TCPConn)})
	for _, o := range options {
		require.NoError(t, o.set(s), o.op)
	}
}
