package socketstream_test

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/socketstream"
)

// bothLoopbacks resolves to one address of each family; there are machines that
// have IPv4 only.
var bothLoopbacks = names{"::1", "127.0.0.1", "::1"}

func TestListenAtEveryAddressOfAHost(t *testing.T) {
	leavesNothing(t)
	l, err := socketstream.Listen(t.Context(), "tcp", "example.com:0", &socketstream.ListenOptions{Resolver: bothLoopbacks})
	require.NoError(t, err)
	served := serveIn(l, echoHandler)
	addrs := l.Addrs()
	require.Equal(t, addrs[0], l.Addr())
	for _, addr := range addrs {
		require.Equal(t, l.Addr().(*net.TCPAddr).Port, addr.(*net.TCPAddr).Port)
		for range 2 {
			s, err := socketstream.Dial(t.Context(), "tcp", addr.String(), nil)
			require.NoError(t, err)
			require.NoError(t, exchange(s, "hello"))
			require.NoError(t, end(s))
		}
	}
	require.EqualValues(t, 2*len(addrs), l.Stats().Accepted)
	require.NoError(t, l.Close(t.Context()))
	require.ErrorIs(t, <-served, abc.ErrClosed)
	for _, addr := range addrs {
		_, err := socketstream.Dial(t.Context(), "tcp", addr.String(), nil)
		require.Error(t, err)
	}
	require.Equal(t, addrs, l.Addrs())
}

func TestMaxConnsIsOfAllSockets(t *testing.T) {
	const most, clients = 3, 60
	leavesNothing(t)
	l, err := socketstream.Listen(t.Context(), "tcp", "example.com:0", &socketstream.ListenOptions{
		Resolver: bothLoopbacks, MaxConns: most,
	})
	require.NoError(t, err)
	var active, peak atomic.Int64
	served := serveIn(l, func(ctx context.Context, s abc.Stream) {
		n := active.Add(1)
		defer active.Add(-1)
		for p := peak.Load(); n > p && !peak.CompareAndSwap(p, n); p = peak.Load() {
		}
		_ = echo(ctx, s)
	})
	addrs := l.Addrs()
	inParallel(t, clients, func(i int) error {
		s, err := socketstream.Dial(bg, "tcp", addrs[i%len(addrs)].String(), nil)
		if err != nil {
			return err
		}
		if err := exchange(s, "hello"); err != nil {
			return err
		}
		return end(s)
	})
	require.NoError(t, l.Close(t.Context()))
	require.ErrorIs(t, <-served, abc.ErrClosed)
	require.LessOrEqual(t, peak.Load(), int64(most))
	stats := l.Stats()
	stats.Drained = 0 // of those that had not quite returned
	require.Equal(t, abc.ListenerStats{Accepted: clients}, stats)
}

func TestOneAddressIsOneSocket(t *testing.T) {
	for _, test := range []struct {
		network, address string
		resolver         socketstream.Resolver
	}{
		{"tcp", "", nil}, {"tcp", ":0", nil}, {"tcp", "127.0.0.1:0", nil}, {"tcp4", ":0", nil},
		{"tcp", "example.com:0", names{"127.0.0.1", "127.0.0.1", "::ffff:127.0.0.1"}},
		{"tcp4", "example.com:0", bothLoopbacks},
	} {
		l, err := socketstream.Listen(t.Context(), test.network, test.address, &socketstream.ListenOptions{Resolver: test.resolver})
		require.NoError(t, err, test.address)
		require.Len(t, l.Addrs(), 1)
		require.NoError(t, l.Close(t.Context()))
	}
}

func TestPortThatIsTakenAtOneAddress(t *testing.T) {
	leavesNothing(t)
	var first []string // the addresses that chose the port, one a try
	refuse := func(often int) *socketstream.ListenOptions {
		first = nil
		return &socketstream.ListenOptions{
			Resolver: names{"127.0.0.1", "0.0.0.0"},
			Control: func(_, address string, _ syscall.RawConn) error {
				host, port, err := net.SplitHostPort(address)
				require.NoError(t, err)
				if port == "0" {
					first = append(first, host)
					return nil
				}
				if len(first) <= often {
					return syscall.EADDRINUSE
				}
				return errRest
			},
		}
	}
	_, err := socketstream.Listen(t.Context(), "tcp", "example.com:0", refuse(3))
	requireListenError(t, err, errRest)
	require.Equal(t, []string{"127.0.0.1", "0.0.0.0", "127.0.0.1", "0.0.0.0"}, first)

	_, err = socketstream.Listen(t.Context(), "tcp", "example.com:0", refuse(1000))
	requireListenError(t, err, syscall.EADDRINUSE)
	require.ErrorContains(t, err, "could not listen at the 2 addresses of example.com:0 with the same port, in 10 tries: ")
	require.Len(t, first, 10)

	_, err = socketstream.Listen(t.Context(), "tcp", "example.com:12345", refuse(1000))
	requireListenError(t, err, syscall.EADDRINUSE)
	require.NotContains(t, err.Error(), "tries", "a port that was asked for is tried once")
}

var errRest = errors.New("enough")

func TestMissingFamilyIsPassedOver(t *testing.T) {
	leavesNothing(t)
	listen := func(errs map[string]error) (*socketstream.Listener, error) {
		return socketstream.Listen(t.Context(), "tcp", "example.com:0", &socketstream.ListenOptions{
			Resolver: names{"::1", "127.0.0.1", "2001:db8::1"},
			Control: func(_, address string, _ syscall.RawConn) error {
				host, _, err := net.SplitHostPort(address)
				require.NoError(t, err)
				return errs[host]
			},
		})
	}
	no6 := syscall.EAFNOSUPPORT
	l, err := listen(map[string]error{"::1": no6, "2001:db8::1": no6})
	require.NoError(t, err)
	require.Len(t, l.Addrs(), 1)
	require.Equal(t, "127.0.0.1", l.Addr().(*net.TCPAddr).IP.String())
	require.NoError(t, l.Close(t.Context()))

	// IPv6 that was switched off: net.ipv6.conf.all.disable_ipv6=1.
	l, err = listen(map[string]error{"::1": syscall.EADDRNOTAVAIL, "2001:db8::1": no6})
	require.NoError(t, err)
	require.NoError(t, l.Close(t.Context()))

	_, err = listen(map[string]error{"::1": no6, "127.0.0.1": no6, "2001:db8::1": no6})
	requireListenError(t, err, no6)
	require.ErrorContains(t, err, "tried 3 of 3 addresses of example.com:0: ")
	require.NotContains(t, err.Error(), "\n")

	for _, other := range []error{syscall.EADDRNOTAVAIL, syscall.EACCES} {
		_, err = listen(map[string]error{"::1": no6, "2001:db8::1": other})
		requireListenError(t, err, other)
	}
	_, err = listen(map[string]error{"::1": syscall.EINVAL})
	requireListenError(t, err, syscall.EINVAL)
}

func TestListenResolves(t *testing.T) {
	_, err := socketstream.Listen(t.Context(), "tcp", "example.org:80", &socketstream.ListenOptions{Resolver: bothLoopbacks})
	var dns *net.DNSError
	require.ErrorAs(t, err, &dns)
	_, err = socketstream.Listen(t.Context(), "tcp6", "example.com:80", &socketstream.ListenOptions{Resolver: names{"127.0.0.1"}})
	require.EqualError(t, err, "socketstream: listen: address example.com:80: no IPv6 address found for the host")

	ctx, cancel := context.WithCancel(t.Context())
	_, err = socketstream.Listen(ctx, "tcp", "example.com:80", &socketstream.ListenOptions{
		Resolver: resolverFunc(func(ctx context.Context, host string) ([]net.IPAddr, error) {
			cancel()
			return nil, &net.DNSError{Err: ctx.Err().Error(), Name: host}
		}),
	})
	requireListenError(t, err, context.Canceled)
}

// An option that can't be honoured is an error: see TestDialHonoursItsOptionsOrFails.
func TestListenHonoursItsOptionsOrFails(t *testing.T) {
	listen := func(network, address string, opts socketstream.ListenOptions) error {
		l, err := socketstream.Listen(t.Context(), network, address, &opts)
		if err == nil {
			_ = l.Close(t.Context())
		}
		return err
	}
	path := filepath.Join(t.TempDir(), "s")
	err := listen("tcp", "127.0.0.1:0", socketstream.ListenOptions{Mode: 0o600})
	requireListenError(t, err, errors.ErrUnsupported)
	require.ErrorContains(t, err, "Mode")
	err = listen("unix", path, socketstream.ListenOptions{ReusePort: true})
	requireListenError(t, err, errors.ErrUnsupported)
	require.ErrorContains(t, err, "ReusePort")
	err = listen("unix", "@tributary-test", socketstream.ListenOptions{Mode: 0o600})
	requireListenError(t, err, errors.ErrUnsupported)

	refusal := errors.New("not this socket")
	for network, address := range map[string]string{"tcp": "127.0.0.1:0", "unix": path} {
		err = listen(network, address, socketstream.ListenOptions{
			Control: func(string, string, syscall.RawConn) error { return refusal },
		})
		requireListenError(t, err, refusal)
	}
	require.NoFileExists(t, path)

	require.PanicsWithValue(t, "socketstream: Backlog is -1; it must not be negative", func() {
		_ = listen("unix", path, socketstream.ListenOptions{Backlog: -1})
	})
	require.PanicsWithValue(t, "socketstream: Mode is Srw-------; it must be permissions only", func() {
		_ = listen("unix", path, socketstream.ListenOptions{Mode: os.ModeSocket | 0o600})
	})
}
