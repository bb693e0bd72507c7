package socketstream_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/socketstream"
)

// names resolves example.com to the addresses in it.
type names []string

func (r names) LookupIPAddr(_ context.Context, host string) (ips []net.IPAddr, err error) {
	if host != "example.com" {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	for _, s := range r {
		a := netip.MustParseAddr(s)
		ips = append(ips, net.IPAddr{IP: a.AsSlice(), Zone: a.Zone()})
	}
	return ips, nil
}

// narrowNames is one that can look for one family only.
type narrowNames struct{ names }

func (r narrowNames) LookupNetIP(_ context.Context, network, _ string) (addrs []netip.Addr, err error) {
	for _, s := range r.names {
		addrs = append(addrs, netip.MustParseAddr(s))
	}
	return addrs, errors.New("asked for " + network)
}

type control = func(ctx context.Context, network, address string, c syscall.RawConn) error

// script is a control under which the attempt for an address ends with an error,
// or hangs if that is nil. An address that it does not know is really dialled.
func script(what map[string]error) control {
	return func(ctx context.Context, _, address string, _ syscall.RawConn) error {
		err, ok := what[address]
		if ok && err == nil {
			<-ctx.Done()
			err = ctx.Err()
		}
		return err
	}
}

func requireDialError(t *testing.T, err error) {
	t.Helper()
	require.IsType(t, (*abc.OpError)(nil), err)
	require.Equal(t, "dial", err.(*abc.OpError).Op)
	require.NotContains(t, err.Error(), "\n")
}

// loopbackPort returns the port of a listener at 127.0.0.1.
func loopbackPort(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = ln.Close() })
	_, port, err := net.SplitHostPort(ln.Addr().String())
	require.NoError(t, err)
	return port
}

func TestDialReportsEveryFailure(t *testing.T) {
	leavesNothing(t)
	_, err := socketstream.Dial(t.Context(), "tcp", "example.com:80", &socketstream.DialOptions{
		Resolver: names{"2001:db8::1", "2001:db8::2", "192.0.2.1", "2001:db8::1"},
		Control: script(map[string]error{
			"[2001:db8::1]:80": syscall.ENETUNREACH, "[2001:db8::2]:80": syscall.EHOSTUNREACH, "192.0.2.1:80": syscall.ECONNREFUSED,
		}),
	})
	requireDialError(t, err)
	require.ErrorIs(t, err, syscall.ENETUNREACH)
	require.ErrorIs(t, err, syscall.EHOSTUNREACH)
	require.ErrorIs(t, err, syscall.ECONNREFUSED)
	require.EqualError(t, err, "socketstream: dial: tried 3 of 3 addresses of example.com:80: "+
		"dial tcp [2001:db8::1]:80: "+syscall.ENETUNREACH.Error()+"; "+
		"dial tcp 192.0.2.1:80: "+syscall.ECONNREFUSED.Error()+"; "+
		"dial tcp [2001:db8::2]:80: "+syscall.EHOSTUNREACH.Error())
}

func TestDialConnectsToWhoAnswers(t *testing.T) {
	port := loopbackPort(t)
	leavesNothing(t)
	var mu sync.Mutex
	running := 0
	hang := script(map[string]error{
		"[2001:db8::1]:" + port: nil, "192.0.2.1:" + port: syscall.ECONNREFUSED, "192.0.2.99:" + port: nil,
	})
	s, err := socketstream.Dial(t.Context(), "tcp", "example.com:"+port, &socketstream.DialOptions{
		Resolver:      names{"2001:db8::1", "192.0.2.1", "127.0.0.1", "192.0.2.99"},
		FallbackDelay: time.Millisecond,
		Control: func(ctx context.Context, network, address string, c syscall.RawConn) error {
			mu.Lock()
			running++
			mu.Unlock()
			defer func() {
				mu.Lock()
				running--
				mu.Unlock()
			}()
			return hang(ctx, network, address, c)
		},
	})
	require.NoError(t, err)
	require.Zero(t, running, "an attempt outlives Dial")
	require.Equal(t, "127.0.0.1:"+port, s.RemoteAddr().String())
	require.NoError(t, s.Close(t.Context()))
}

// A host has timed out if all its addresses have.
func TestDialOfAHostTimesOut(t *testing.T) {
	for refused, timeout := range map[string]bool{"": true, "192.0.2.1": false, "192.0.2.2": false} {
		_, err := socketstream.Dial(t.Context(), "tcp", "example.com:80", &socketstream.DialOptions{
			Resolver: names{"192.0.2.1", "192.0.2.2"},
			Control: func(_ context.Context, _, address string, _ syscall.RawConn) error {
				if address == refused+":80" {
					return syscall.ECONNREFUSED
				}
				return syscall.ETIMEDOUT
			},
		})
		requireDialError(t, err)
		require.Equal(t, timeout, err.(*abc.OpError).Timeout(), "%q refused", refused)
		require.NotErrorIs(t, err, context.DeadlineExceeded)
	}
}

// The net package below does not block on the network, because Control ends
// each attempt before that. So the time is virtual.
func TestDialStaggersTheAttempts(t *testing.T) {
	for name, test := range map[string]struct {
		delay time.Duration
		want  []time.Duration
	}{
		"default":       {0, []time.Duration{0, 250 * time.Millisecond, 500 * time.Millisecond}},
		"another":       {time.Second, []time.Duration{0, time.Second, 2 * time.Second}},
		"one at a time": {-1, []time.Duration{0}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begun := time.Now()
				var mu sync.Mutex
				var starts []time.Duration
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
				defer cancel()
				_, err := socketstream.Dial(ctx, "tcp", "example.com:80", &socketstream.DialOptions{
					Resolver:      names{"192.0.2.1", "192.0.2.2", "192.0.2.3"},
					FallbackDelay: test.delay,
					Control: func(ctx context.Context, _, _ string, _ syscall.RawConn) error {
						mu.Lock()
						starts = append(starts, time.Since(begun))
						mu.Unlock()
						<-ctx.Done()
						return ctx.Err()
					},
				})
				requireDialError(t, err)
				require.ErrorIs(t, err, context.DeadlineExceeded)
				require.True(t, err.(*abc.OpError).Timeout())
				require.Equal(t, test.want, starts)
				require.Equal(t, time.Hour, time.Since(begun))
			})
		})
	}
}

// An error means one thing. What had failed before is told in words.
func TestDialIsStoppedByItsContext(t *testing.T) {
	leavesNothing(t)
	cause := errors.New("the user has lost patience")
	ctx, cancel := context.WithCancelCause(t.Context())
	outcomes := script(map[string]error{"192.0.2.1:80": syscall.ECONNREFUSED, "192.0.2.2:80": nil})
	_, err := socketstream.Dial(ctx, "tcp", "example.com:80", &socketstream.DialOptions{
		Resolver:      names{"192.0.2.1", "192.0.2.2", "192.0.2.3"},
		FallbackDelay: time.Hour,
		Control: func(ctx context.Context, network, address string, c syscall.RawConn) error {
			if address == "192.0.2.2:80" {
				cancel(cause)
			}
			return outcomes(ctx, network, address, c)
		},
	})
	requireDialError(t, err)
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorIs(t, err, cause)
	require.NotErrorIs(t, err, syscall.ECONNREFUSED)
	require.ErrorContains(t, err, "socketstream: dial: context canceled: the user has lost patience "+
		"(tried 2 of 3 addresses of example.com:80: dial tcp 192.0.2.1:80: "+syscall.ECONNREFUSED.Error()+"; dial tcp 192.0.2.2:80: ")
}

func TestDialIsStoppedWhileItResolves(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	_, err := socketstream.Dial(ctx, "tcp", "example.com:80", &socketstream.DialOptions{
		Resolver: resolverFunc(func(ctx context.Context, host string) ([]net.IPAddr, error) {
			cancel()
			return nil, &net.DNSError{Err: ctx.Err().Error(), Name: host}
		}),
	})
	requireDialError(t, err)
	require.EqualError(t, err, "socketstream: dial: context canceled (lookup example.com: context canceled)")
	require.ErrorIs(t, err, context.Canceled)
	var dns *net.DNSError
	require.NotErrorAs(t, err, &dns)
}

type resolverFunc func(ctx context.Context, host string) ([]net.IPAddr, error)

func (f resolverFunc) LookupIPAddr(ctx context.Context, host string) ([]net.IPAddr, error) {
	return f(ctx, host)
}

func TestDialResolves(t *testing.T) {
	for _, test := range []struct {
		network, address string
		resolver         socketstream.Resolver
		tried            string // the addresses
		err              string // if none is tried
	}{
		{"tcp", "example.com:80", names{"192.0.2.1", "2001:db8::1"}, "192.0.2.1:80 [2001:db8::1]:80", ""},
		{"tcp4", "example.com:80", names{"192.0.2.1", "2001:db8::1"}, "192.0.2.1:80", ""},
		{"tcp6", "example.com:80", names{"192.0.2.1", "2001:db8::1", "fe80::1%lo"}, "[2001:db8::1]:80 [fe80::1%lo]:80", ""},
		{"tcp6", "example.com:http", names{"2001:db8::1"}, "[2001:db8::1]:80", ""},
		{"tcp", "example.com:80", names{"::ffff:192.0.2.1", "192.0.2.1"}, "192.0.2.1:80", ""},
		{"tcp", "192.0.2.1:80", nil, "192.0.2.1:80", ""},
		{"tcp", "[::ffff:192.0.2.1]:80", nil, "192.0.2.1:80", ""},
		{"tcp", "[fe80::1%lo]:80", nil, "[fe80::1%lo]:80", ""},
		{"tcp", "example.com:80", narrowNames{names{"192.0.2.1"}}, "192.0.2.1:80", ""},
		{"tcp4", "example.com:80", narrowNames{names{"192.0.2.1"}}, "", "asked for ip4"},

		{"tcp", "example.com:80", names{}, "", "address example.com:80: no address found for the host"},
		{"tcp4", "example.com:80", names{"2001:db8::1"}, "", "address example.com:80: no IPv4 address found for the host"},
		{"tcp6", "example.com:80", names{"192.0.2.1"}, "", "address example.com:80: no IPv6 address found for the host"},
		{"tcp6", "192.0.2.1:80", nil, "", "address 192.0.2.1:80: no IPv6 address found for the host"},
		{"tcp", "example.org:80", names{}, "", "lookup example.org: no such host"},
		{"tcp", "example.com", names{}, "", "address example.com: missing port in address"},
		{"tcp", "example.com:65536", names{}, "", "address 65536: invalid port"},
	} {
		t.Run(test.network+" "+test.address, func(t *testing.T) {
			var tried []string
			if test.resolver == nil {
				test.resolver = resolverFunc(nil) // panics if it is called
			}
			_, err := socketstream.Dial(t.Context(), test.network, test.address, &socketstream.DialOptions{
				Resolver:      test.resolver,
				FallbackDelay: -1,
				Control: func(_ context.Context, _, address string, _ syscall.RawConn) error {
					tried = append(tried, address)
					return syscall.ECONNREFUSED
				},
			})
			requireDialError(t, err)
			require.Equal(t, test.tried, strings.Join(tried, " "))
			if test.err != "" {
				require.EqualError(t, err, "socketstream: dial: "+test.err)
			} else {
				require.ErrorIs(t, err, syscall.ECONNREFUSED)
			}
		})
	}
}

func TestFailedLookUpKeepsItsError(t *testing.T) {
	_, err := socketstream.Dial(t.Context(), "tcp", "example.org:80", &socketstream.DialOptions{Resolver: names{}})
	var dns *net.DNSError
	require.ErrorAs(t, err, &dns)
	require.True(t, dns.IsNotFound)
}

func TestDialWithoutAHostIsThisMachine(t *testing.T) {
	port := loopbackPort(t)
	s, err := socketstream.Dial(t.Context(), "tcp4", ":"+port, nil)
	require.NoError(t, err)
	require.NoError(t, s.Close(t.Context()))
}

func TestLocalAddr(t *testing.T) {
	port := loopbackPort(t)
	dial := func(local net.Addr, addrs ...string) (*socketstream.Stream, error) {
		return socketstream.Dial(t.Context(), "tcp", "example.com:"+port, &socketstream.DialOptions{
			Resolver: names(addrs), LocalAddr: local,
			Control: script(map[string]error{"[2001:db8::1]:" + port: errors.New("tried from IPv4")}),
		})
	}
	for _, local := range []*net.TCPAddr{{IP: net.IPv4(127, 0, 0, 1)}, {IP: net.IPv4zero}, {}, nil} {
		s, err := dial(local, "2001:db8::1", "127.0.0.1")
		require.NoError(t, err, "%v", local)
		require.Equal(t, "127.0.0.1", s.LocalAddr().(*net.TCPAddr).IP.String())
		require.NoError(t, s.Close(t.Context()))
	}

	_, err := dial(&net.TCPAddr{IP: net.IPv4zero}, "2001:db8::1")
	require.ErrorContains(t, err, "tried from IPv4", "the system takes it for ::")
	_, err = dial(&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}, "2001:db8::1")
	requireDialError(t, err)
	require.EqualError(t, err, "socketstream: dial: dial tcp [2001:db8::1]:"+port+": not from 127.0.0.1, which is of the other family")
	_, err = dial(&net.TCPAddr{IP: net.IPv6loopback}, "127.0.0.1")
	requireDialError(t, err)
	require.ErrorContains(t, err, "127.0.0.1:"+port+": not from ::1, ")
}

// AnyIO's as_connectable ignores tls=True where it is given what it can't put
// TLS on. Here an option that can't be honoured is an error.
func TestDialHonoursItsOptionsOrFails(t *testing.T) {
	for network, local := range map[string]net.Addr{
		"tcp": &net.UnixAddr{Net: "unix", Name: "x"}, "tcp4": &net.UDPAddr{}, "unix": &net.TCPAddr{},
	} {
		_, err := socketstream.Dial(t.Context(), network, "127.0.0.1:1", &socketstream.DialOptions{LocalAddr: local})
		requireDialError(t, err)
		require.ErrorContains(t, err, "LocalAddr is a *net.")
		require.ErrorContains(t, err, `for network "`+network+`" it has to be a *net.`)
	}
	refusal := errors.New("not this socket")
	for _, network := range []string{"tcp", "unix"} {
		l := listenTo(t, network, nil)
		_, err := socketstream.Dial(t.Context(), network, l.Addr().String(), &socketstream.DialOptions{
			Control: func(context.Context, string, string, syscall.RawConn) error { return refusal },
		})
		requireDialError(t, err)
		require.ErrorIs(t, err, refusal)
		require.NoError(t, l.Close(t.Context()))
	}
}
