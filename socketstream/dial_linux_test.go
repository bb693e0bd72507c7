package socketstream_test

import (
	"context"
	"encoding/binary"
	"net"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/socketstream"
)

// deadAddress makes a listener at host whose backlog is full: Linux drops the
// SYN of whoever connects, as if nobody were there.
func deadAddress(tb testing.TB, host, port string) {
	tb.Helper()
	ln, err := net.Listen("tcp", net.JoinHostPort(host, port))
	require.NoError(tb, err)
	tb.Cleanup(func() { _ = ln.Close() })
	raw, err := ln.(*net.TCPListener).SyscallConn()
	require.NoError(tb, err)
	require.NoError(tb, raw.Control(func(fd uintptr) { err = syscall.Listen(int(fd), 0) }))
	require.NoError(tb, err)
	c, err := net.Dial("tcp", ln.Addr().String()) // there is room for one more than the backlog
	require.NoError(tb, err)
	tb.Cleanup(func() { _ = c.Close() })
}

// acceptAll has a port at 127.0.0.1 where everybody may connect.
func acceptAll(tb testing.TB) (port string) {
	tb.Helper()
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	require.NoError(tb, err)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			_ = c.Close()
		}
	}()
	tb.Cleanup(func() { _ = ln.Close(); <-ended })
	return strconv.Itoa(ln.Addr().(*net.TCPAddr).Port)
}

func TestDialPassesDeadAddresses(t *testing.T) {
	port := acceptAll(t)
	dead := []string{"127.0.0.2", "127.0.0.3", "127.0.0.4"}
	for _, host := range dead {
		deadAddress(t, host, port)
	}
	leavesNothing(t)
	s, err := socketstream.Dial(t.Context(), "tcp", "example.com:"+port, &socketstream.DialOptions{
		Resolver: names(append(dead, "127.0.0.1")), FallbackDelay: time.Millisecond,
	})
	require.NoError(t, err)
	require.Equal(t, "127.0.0.1:"+port, s.RemoteAddr().String())
	require.NoError(t, s.Close(t.Context()))

	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err = socketstream.Dial(ctx, "tcp", "example.com:"+port, &socketstream.DialOptions{
		Resolver: names(dead), FallbackDelay: time.Nanosecond,
	})
	requireDialError(t, err)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.ErrorContains(t, err, "127.0.0.2:"+port)
}

func TestLocalPortIsChosenWhenItConnects(t *testing.T) {
	l := listenTo(t, "tcp4", nil)
	defer l.Close(t.Context())
	for _, test := range []struct {
		local net.Addr
		late  int
	}{{nil, 0}, {&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}, 1}} {
		late := -1
		s, err := socketstream.Dial(t.Context(), "tcp4", l.Addr().String(), &socketstream.DialOptions{
			LocalAddr: test.local,
			Control: func(_ context.Context, _, _ string, c syscall.RawConn) error {
				return c.Control(func(fd uintptr) {
					late, _ = syscall.GetsockoptInt(int(fd), syscall.IPPROTO_IP, 24) // IP_BIND_ADDRESS_NO_PORT
				})
			},
		})
		require.NoError(t, err)
		require.Equal(t, test.late, late)
		require.NotZero(t, s.LocalAddr().(*net.TCPAddr).Port)
		require.NoError(t, s.Close(t.Context()))
	}
}

// AnyIO's trio backend leaves the socket open if binding it fails.
func TestFailedBindLeavesNoSocket(t *testing.T) {
	elsewhere := &net.TCPAddr{IP: net.IPv4(192, 0, 2, 77)}
	dial := func() error {
		_, err := socketstream.Dial(t.Context(), "tcp", "example.com:80", &socketstream.DialOptions{
			LocalAddr: elsewhere, Resolver: names{"127.0.0.1", "127.0.0.2"},
		})
		return err
	}
	require.ErrorIs(t, dial(), syscall.EADDRNOTAVAIL) // whatever is opened once
	before := countFiles(t)
	for range 20 {
		require.ErrorIs(t, dial(), syscall.EADDRNOTAVAIL)
	}
	require.Equal(t, before, countFiles(t))
}

func TestDialAbstractName(t *testing.T) {
	name := "@tributary-" + t.TempDir()
	l, err := socketstream.Listen(t.Context(), "unix", name, nil)
	require.NoError(t, err)
	require.Equal(t, name, l.Addr().String())
	s := dialTo(t, l)
	require.Equal(t, name, s.RemoteAddr().String())
	require.NoError(t, s.Close(t.Context()))
	require.NoFileExists(t, name)
	require.NoError(t, l.Close(t.Context()))
}

// The time to connect to a host whose first addresses are dead. The peer gets
// the addresses from a name server of ours, in the same order.
func BenchmarkDialPastDeadAddresses(b *testing.B) {
	for _, bm := range []struct {
		name  string
		addrs []string
	}{
		{"dead=none", []string{"127.0.0.1"}},
		{"dead=IPv6", []string{"::1", "127.0.0.1"}},
		{"dead=IPv4", []string{"127.0.0.2", "127.0.0.1"}},
		{"dead=IPv4+IPv4", []string{"127.0.0.2", "127.0.0.3", "127.0.0.1"}},
	} {
		name, addrs := bm.name, bm.addrs
		port := acceptAll(b)
		for _, a := range addrs {
			if a != "127.0.0.1" {
				deadAddress(b, a, port)
			}
		}
		run := func(peer string, dial func(ctx context.Context) (interface{ Close() error }, error)) {
			b.Run(name+"/peer="+peer, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					ctx, cancel := context.WithTimeout(bg, 5*time.Second)
					c, err := dial(ctx)
					cancel()
					if err != nil {
						b.Fatal(err)
					}
					_ = c.Close()
				}
			})
		}
		opts := &socketstream.DialOptions{Resolver: names(addrs)}
		run("tributary", func(ctx context.Context) (interface{ Close() error }, error) {
			s, err := socketstream.Dial(ctx, "tcp", "example.com:"+port, opts)
			if err != nil {
				return nil, err
			}
			return s.Conn(), nil
		})
		d := net.Dialer{Resolver: nameServer(b, addrs)}
		run("net", func(ctx context.Context) (interface{ Close() error }, error) {
			return d.DialContext(ctx, "tcp", "example.com:"+port)
		})
	}
}

// nameServer returns a Resolver of net that finds addrs for any name.
func nameServer(tb testing.TB, addrs []string) *net.Resolver {
	tb.Helper()
	server, err := net.ListenPacket("udp4", "127.0.0.1:0")
	require.NoError(tb, err)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		p := make([]byte, 1500)
		for {
			n, from, err := server.ReadFrom(p)
			if err != nil {
				return
			}
			_, _ = server.WriteTo(answer(p[:n], addrs), from)
		}
	}()
	tb.Cleanup(func() { _ = server.Close(); <-ended })
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "udp4", server.LocalAddr().String())
	}}
}

// answer answers a question about an A or AAAA record: RFC 1035, section 4.
func answer(question []byte, addrs []string) []byte {
	const header = 12
	end := header
	for question[end] != 0 {
		end += int(question[end]) + 1
	}
	end += 1 + 4 // the root, type and class
	kind := binary.BigEndian.Uint16(question[end-4:])
	p := append([]byte(nil), question[:end]...)
	p[2], p[3] = 0x84, 0                          // a response, authoritative
	copy(p[6:header], "\x00\x00\x00\x00\x00\x00") // records; the question may have had EDNS
	for _, a := range addrs {
		ip := net.ParseIP(a)
		rdata, of := ip.To4(), uint16(1)
		if rdata == nil {
			rdata, of = ip.To16(), 28
		}
		if of != kind {
			continue
		}
		p[7]++
		p = append(p, 0xc0, header) // the name in the question
		p = binary.BigEndian.AppendUint16(p, of)
		p = append(p, 0, 1, 0, 0, 0, 0) // class, no time to live
		p = binary.BigEndian.AppendUint16(p, uint16(len(rdata)))
		p = append(p, rdata...)
	}
	return p
}
