package proxyproto_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/abc/abctest"
	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/docs/examples/transports/proxyproto"
	"github.com/tributary-go/tributary/listener"
	"github.com/tributary-go/tributary/memstream"
	"github.com/tributary-go/tributary/socketstream"
)

var (
	client4 = &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1).To4(), Port: 56324}
	server4 = &net.TCPAddr{IP: net.IPv4(198, 51, 100, 7).To4(), Port: 443}
	client6 = &net.TCPAddr{IP: net.ParseIP("2001:db8::1"), Port: 1}
	server6 = &net.TCPAddr{IP: net.ParseIP("2001:db8::2"), Port: 65535}
)

const v2 = "\r\n\r\n\x00\r\nQUIT\n"

// over sends bytes to a listener in memory and returns what its handler is
// called with, or the error if it isn't. The rest of the bytes is in rest.
func over(t *testing.T, bytes string) (s abc.Stream, rest string, err error) {
	t.Helper()
	below := memstream.NewListener(nil)
	failed := make(chan error, 1)
	l := proxyproto.NewListener(below, &listener.PrepareOptions{
		OnError: func(_ context.Context, _ abc.Stream, err error) { failed <- err },
	})
	queue := listener.Queue(t.Context(), l)
	defer queue.Close(t.Context())
	c, err := below.Dial(t.Context())
	require.NoError(t, err)
	require.NoError(t, c.SendAll(t.Context(), []byte(bytes)))
	require.NoError(t, c.Close(t.Context()))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	accepted := make(chan abc.Stream, 1)
	go func() {
		if s, err := queue.Accept(ctx); err == nil {
			accepted <- s
		}
	}()
	select {
	case err := <-failed:
		return nil, "", err
	case s = <-accepted:
	}
	for chunk, err := range abc.Chunks(t.Context(), s, make([]byte, 100)) {
		require.NoError(t, err)
		rest += string(chunk)
	}
	require.NoError(t, s.Close(t.Context()))
	return s, rest, nil
}

func TestHeaders(t *testing.T) {
	for name, tt := range map[string]struct {
		header      string
		source, dst net.Addr
	}{
		"v1 TCP4":             {"PROXY TCP4 192.0.2.1 198.51.100.7 56324 443\r\n", client4, server4},
		"v1 TCP6":             {"PROXY TCP6 2001:db8::1 2001:db8::2 1 65535\r\n", client6, server6},
		"v1 UNKNOWN":          {"PROXY UNKNOWN\r\n", nil, nil},
		"v1 UNKNOWN, longest": {"PROXY UNKNOWN " + strings.Repeat("f", 91) + "\r\n", nil, nil},
		"v2 TCP4":             {v2 + "\x21\x11\x00\x0c\xc0\x00\x02\x01\xc6\x33\x64\x07\xdc\x04\x01\xbb", client4, server4},
		"v2 TCP4 with TLVs":   {v2 + "\x21\x11\x00\x10\xc0\x00\x02\x01\xc6\x33\x64\x07\xdc\x04\x01\xbb\x04\x00\x01\x00", client4, server4},
		"v2 TCP6": {v2 + "\x21\x21\x00\x24" + string(client6.IP) + string(server6.IP) + "\x00\x01\xff\xff",
			client6, server6},
		"v2 unix": {v2 + "\x21\x31\x00\xd8" + path("/run/client") + path("/run/server"),
			&net.UnixAddr{Net: "unix", Name: "/run/client"}, &net.UnixAddr{Net: "unix", Name: "/run/server"}},
		"v2 LOCAL":           {v2 + "\x20\x11\x00\x0c\xc0\x00\x02\x01\xc6\x33\x64\x07\xdc\x04\x01\xbb", nil, nil},
		"v2 LOCAL, empty":    {v2 + "\x20\x00\x00\x00", nil, nil},
		"v2 UDP":             {v2 + "\x21\x12\x00\x0c\xc0\x00\x02\x01\xc6\x33\x64\x07\xdc\x04\x01\xbb", nil, nil},
		"v2 of the longest ": {v2 + "\x20\x00\x10\x00" + strings.Repeat("x", 4096), nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			s, rest, err := over(t, tt.header+"PROXY the data")
			require.NoError(t, err)
			require.Equal(t, "PROXY the data", rest, "not a byte more was taken")
			a, ok := abc.As[abc.Addressed](s)
			require.Equal(t, tt.source != nil, ok, "memory has no addresses of its own")
			if ok {
				require.Equal(t, tt.source, a.RemoteAddr())
				require.Equal(t, tt.dst, a.LocalAddr())
			}
		})
	}
}

func path(name string) string { return name + strings.Repeat("\x00", 108-len(name)) }

func TestAMalformedHeaderIsAnError(t *testing.T) {
	const (
		noSignature = "signature not present"
		badV1       = "can't read address family or protocol"
		badAddress  = "invalid address"
		badPort     = "invalid port number"
		badLength   = "invalid length"
	)
	for name, tt := range map[string]struct{ header, text string }{
		"nothing":               {"", `the connection ended after ""`},
		"ends in the signature": {v2[:5], "ended"},
		"ends in v1":            {"PROXY TCP4 192.0.2.1", `ended after "PROXY TCP4 192.0.2.1"`},
		"ends in v2":            {v2 + "\x21\x11\x00\x0c\xc0", "ended"},
		"HTTP":                  {"GET / HTTP/1.1\r\n\r\n", `"GET / HTTP/1.1\r": proxyproto: proxy protocol ` + noSignature},
		"almost v2":             {v2[:11] + "\r" + v2, noSignature},
		"v1 too long":           {"PROXY UNKNOWN " + strings.Repeat("f", 92) + "\r\n", "must be 107 bytes or less"},
		"v1 of no end":          {"PROXY TCP4 " + strings.Repeat("1", 200), "must be 107 bytes or less"},
		"v1 without CR":         {"PROXY UNKNOWN and more\n", "must end with"},
		"v1 too few fields":     {"PROXY TCP4 192.0.2.1 198.51.100.7 1\r\n", badV1},
		"v1 two spaces":         {"PROXY TCP4  192.0.2.1 198.51.100.7 1 2\r\n", badV1},
		"v1 UDP4":               {"PROXY UDP4 192.0.2.1 198.51.100.7 1 2\r\n", badV1},
		"v1 a longer word":      {"PROXYS TCP4 192.0.2.1 198.51.100.7 1 2\r\n", "can't read version 1 header"},
		"v1 a name":             {"PROXY TCP4 example.com 198.51.100.7 1 2\r\n", badAddress},
		"v1 another family":     {"PROXY TCP4 2001:db8::1 198.51.100.7 1 2\r\n", badAddress},
		"v1 a zone":             {"PROXY TCP6 fe80::1%lo 2001:db8::1 1 2\r\n", badAddress},
		"v1 a port too high":    {"PROXY TCP4 192.0.2.1 198.51.100.7 1 65536\r\n", badPort},
		"v1 a signed port":      {"PROXY TCP4 192.0.2.1 198.51.100.7 +1 2\r\n", badPort},
		"v1 leading zeros":      {"PROXY TCP4 192.0.2.1 198.51.100.7 01 2\r\n", badPort},
		"v2 of version 3":       {v2 + "\x31\x11\x00\x0c\xc0\x00\x02\x01\xc6\x33\x64\x07\xdc\x04\x01\xbb", "unsupported proxy protocol version and command"},
		"v2 an unknown command": {v2 + "\x22\x11\x00\x00", "unsupported proxy protocol version and command"},
		"v2 an unknown family":  {v2 + "\x21\x41\x00\x00", "unsupported address family"},
		"v2 too short":          {v2 + "\x21\x11\x00\x0b" + strings.Repeat("x", 11), badLength},
		"v2 too short for IPv6": {v2 + "\x21\x21\x00\x23" + strings.Repeat("x", 35), badLength},
		"v2 too short for unix": {v2 + "\x21\x31\x00\xd7" + strings.Repeat("x", 215), badLength},
		"v2 too long":           {v2 + "\x20\x00\x10\x01" + strings.Repeat("x", 4097), badLength},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := over(t, tt.header)
			require.ErrorIs(t, err, proxyproto.ErrHeader)
			require.ErrorContains(t, err, tt.text)
		})
	}
}

func TestSendHeader(t *testing.T) {
	unix := &net.UnixAddr{Net: "unix", Name: "/run/x"}
	for _, version := range []byte{1, 2} {
		unixInVersion := map[byte]net.Addr{2: unix}
		for _, tt := range []struct{ source, destination, wantSource net.Addr }{
			{client4, server4, client4},
			{client6, server6, client6},
			{&net.TCPAddr{IP: client4.IP.To16(), Port: client4.Port}, server4, client4},
			{client4, server6, client4}, // mapped into IPv6
			{client4, nil, nil},
			{unix, unix, unixInVersion[version]},
			{nil, nil, nil},
		} {
			a, b := memstream.OneWay(nil)
			require.NoError(t, proxyproto.SendHeader(t.Context(), a, version, tt.source, tt.destination))
			buf := make([]byte, 300)
			n, err := b.ReceiveSome(t.Context(), buf)
			require.NoError(t, err)
			s, _, err := over(t, string(buf[:n]))
			require.NoError(t, err)
			addr, ok := abc.As[abc.Addressed](s)
			require.Equal(t, tt.wantSource != nil, ok)
			if ok {
				require.Equal(t, tt.wantSource.String(), addr.RemoteAddr().String())
				require.Equal(t, tt.destination.String(), addr.LocalAddr().String())
			}
		}
	}
}

func TestASlowHeaderHoldsUpNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		below := memstream.NewListener(nil)
		failed := make(chan error, 1)
		l := proxyproto.NewListener(below, &listener.PrepareOptions{
			OnError: func(_ context.Context, _ abc.Stream, err error) { failed <- err },
		})
		served, done := make(chan abc.Stream), make(chan error)
		go func() { done <- l.Serve(t.Context(), func(_ context.Context, s abc.Stream) { served <- s }) }()
		slow, err := below.Dial(t.Context())
		require.NoError(t, err)
		require.NoError(t, slow.SendAll(t.Context(), []byte("PROXY ")))
		synctest.Wait()
		begin := time.Now()
		quick, err := below.Dial(t.Context())
		require.NoError(t, err)
		require.NoError(t, proxyproto.SendHeader(t.Context(), quick, 2, client4, server4))
		<-served
		require.Zero(t, time.Since(begin))

		require.ErrorIs(t, <-failed, context.DeadlineExceeded)
		require.Equal(t, 10*time.Second, time.Since(begin))
		_, err = slow.ReceiveSome(t.Context(), make([]byte, 1))
		require.Error(t, err, "it was closed")
		require.NoError(t, l.Close(t.Context()))
		require.ErrorIs(t, <-done, abc.ErrClosed)
	})
}

// The library alone would refuse one of version 1 that comes in pieces.
func TestAHeaderMayComeByteByByte(t *testing.T) {
	for _, version := range []byte{1, 2} {
		below := memstream.NewListener(&memstream.Options{Capacity: 1})
		queue := listener.Queue(t.Context(), proxyproto.NewListener(below, nil))
		c, err := below.Dial(t.Context())
		require.NoError(t, err)
		sent := make(chan error, 1)
		go func() {
			sent <- errors.Join(proxyproto.SendHeader(t.Context(), c, version, client4, server4), c.SendAll(t.Context(), []byte("x")))
		}()
		s, err := queue.Accept(t.Context())
		require.NoError(t, err)
		a, ok := abc.As[abc.Addressed](s)
		require.True(t, ok)
		require.Equal(t, client4, a.RemoteAddr())
		require.NoError(t, <-sent)
		require.NoError(t, c.Close(t.Context()))
		require.NoError(t, s.Close(t.Context()))
		require.NoError(t, queue.Close(t.Context()))
	}
}

// mk makes a listener over TCP, and the dial function of its load balancer.
func mk(t testing.TB) (abc.Listener, func(context.Context) (abc.Stream, error)) {
	below, err := socketstream.Listen(context.Background(), "tcp", "127.0.0.1:0", nil)
	require.NoError(t, err)
	return proxyproto.NewListener(below, nil), func(ctx context.Context) (abc.Stream, error) {
		s, err := socketstream.Dial(ctx, "tcp", below.Addr().String(), nil)
		if err != nil {
			return nil, err
		}
		if err := proxyproto.SendHeader(ctx, s, 1, client6, server6); err != nil {
			return nil, errors.Join(err, closeutil.CloseForcefully(s))
		}
		return s, nil
	}
}

// The header is gone when the handler is called, so all that TCP can do is there.
func TestStream(t *testing.T) {
	abctest.TestStream(t, func(t testing.TB) (a, b abc.Stream) {
		l, dial := mk(t)
		queue := listener.Queue(context.Background(), l)
		defer queue.Close(context.Background())
		a, err := dial(context.Background())
		require.NoError(t, err)
		b, err = queue.Accept(context.Background())
		require.NoError(t, err)
		return a, b
	}, abctest.Caps{})
}

func TestListener(t *testing.T) { abctest.TestListener(t, mk) }

func TestCopyLooksThroughTheStream(t *testing.T) {
	l, dial := mk(t)
	queue := listener.Queue(t.Context(), l)
	defer queue.Close(t.Context())
	a, err := dial(t.Context())
	require.NoError(t, err)
	b, err := queue.Accept(t.Context())
	require.NoError(t, err)
	require.IsType(t, &socketstream.Stream{}, abc.SkipTransparent(b))
	require.NoError(t, closeutil.CloseForcefully(a))
	require.NoError(t, closeutil.CloseForcefully(b))
}
