package memstream_test

import (
	"context"
	"errors"
	"net"
	"strconv"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/memstream"
)

func TestDialErrors(t *testing.T) {
	n := memstream.NewNetwork(nil)
	a, b := n.Host("a"), n.Host("b")
	for _, address := range []string{":80", "localhost:81", "127.0.0.1:83", "[::1]:84"} {
		l, err := b.Listen(t.Context(), address, nil)
		require.NoError(t, err)
		defer l.Close(bg)
	}
	cancelled, cancel := context.WithCancelCause(bg)
	errCause := errors.New("the cause")
	cancel(errCause)
	for _, tt := range []struct {
		address string
		ctx     context.Context
		want    error
		text    string
	}{
		{"b:81", bg, syscall.ECONNREFUSED, "memstream: dial: dial mem b:81: connect: connection refused"}, // only b can
		{"b:82", bg, syscall.ECONNREFUSED, "memstream: dial: dial mem b:82: connect: connection refused"},
		{"b:83", bg, syscall.ECONNREFUSED, "memstream: dial: dial mem b:83: connect: connection refused"},
		{"b:84", bg, syscall.ECONNREFUSED, "memstream: dial: dial mem b:84: connect: connection refused"},
		{"c:80", bg, nil, "memstream: dial: dial mem c:80: lookup c: no such host"},
		{"b", bg, nil, "memstream: dial: dial mem: address b: missing port in address"},
		{"b:http", bg, nil, "memstream: dial: dial mem: address b:http: invalid port"},
		{"b:65536", bg, nil, "memstream: dial: dial mem: address b:65536: invalid port"},
		{"b:80", cancelled, errCause, "memstream: dial: context canceled: the cause"},
	} {
		t.Run(tt.text, func(t *testing.T) {
			c, err := a.Dial(tt.ctx, tt.address)
			require.Nil(t, c)
			require.EqualError(t, err, tt.text)
			require.IsType(t, &abc.OpError{}, err)
			if tt.want != nil {
				require.ErrorIs(t, err, tt.want)
			}
			require.NotErrorIs(t, err, abc.ErrBroken)
		})
	}
	_, err := a.Dial(bg, "c:80")
	var dns *net.DNSError
	require.ErrorAs(t, err, &dns)
	require.True(t, dns.IsNotFound)
	var op *net.OpError
	require.ErrorAs(t, err, &op)
	require.Equal(t, "mem", op.Addr.Network())
}

func TestListenErrors(t *testing.T) {
	n := memstream.NewNetwork(nil)
	a, b := n.Host("a"), n.Host("b")
	l, err := b.Listen(bg, ":80", nil)
	require.NoError(t, err)
	l6, err := b.Listen(bg, "b:81", nil)
	require.NoError(t, err)
	defer l6.Close(bg)
	c, err := a.Dial(bg, "b:80")
	require.NoError(t, err)
	_, port, _ := net.SplitHostPort(c.LocalAddr().String())
	cancelled, cancel := context.WithCancel(bg)
	cancel()
	for _, tt := range []struct {
		h       *memstream.Host
		address string
		ctx     context.Context
		want    error
		text    string
	}{
		{b, ":80", bg, syscall.EADDRINUSE, "memstream: listen: listen mem :80: bind: address already in use"},
		{b, "localhost:81", bg, syscall.EADDRINUSE, "memstream: listen: listen mem localhost:81: bind: address already in use"},
		{a, ":" + port, bg, syscall.EADDRINUSE, ""},
		{a, "b:80", bg, syscall.EADDRNOTAVAIL, "memstream: listen: listen mem b:80: bind: cannot assign requested address"},
		{a, "80", bg, nil, "memstream: listen: listen mem: address 80: missing port in address"},
		{a, ":80", cancelled, context.Canceled, "memstream: listen: context canceled"},
	} {
		_, err := tt.h.Listen(tt.ctx, tt.address, nil)
		require.Error(t, err)
		require.IsType(t, &abc.OpError{}, err)
		if tt.text != "" {
			require.EqualError(t, err, tt.text)
		}
		if tt.want != nil {
			require.ErrorIs(t, err, tt.want)
		}
	}

	// What was closed is free again.
	require.NoError(t, l.Close(bg))
	_, err = a.Dial(bg, "b:80")
	require.ErrorIs(t, err, syscall.ECONNREFUSED)
	_, err = l.Accept(bg)
	require.ErrorIs(t, err, abc.ErrClosed)
	require.NoError(t, c.Close(bg))
	for _, where := range []struct {
		h       *memstream.Host
		address string
	}{{b, ":80"}, {a, ":" + port}} {
		l, err := where.h.Listen(bg, where.address, nil)
		require.NoError(t, err)
		defer l.Close(bg)
	}
}

func TestAddresses(t *testing.T) {
	n := memstream.NewNetwork(&memstream.NetworkOptions{Seed: 1})
	client, server := connect(t, n.Host("fd00::1"), n.Host("example.com"))
	require.Equal(t, client.LocalAddr(), server.RemoteAddr())
	require.Equal(t, client.RemoteAddr(), server.LocalAddr())
	require.Equal(t, "mem", client.LocalAddr().Network())
	host, port, err := net.SplitHostPort(client.LocalAddr().String())
	require.NoError(t, err)
	require.Equal(t, "fd00::1", host)
	number, err := strconv.Atoi(port)
	require.NoError(t, err)
	require.GreaterOrEqual(t, number, 49152)
	require.Equal(t, "example.com", n.Host("example.com").Name())

	addressed, ok := abc.As[abc.Addressed](abc.Stream(server))
	require.True(t, ok)
	require.NoError(t, server.Close(bg))
	require.Equal(t, client.LocalAddr(), addressed.RemoteAddr())
}

// Each host has its own sequence of ports, which the seed decides.
func TestPortsOfClients(t *testing.T) {
	ports := func(seed uint64, others bool) (got []string) {
		n := memstream.NewNetwork(&memstream.NetworkOptions{Seed: seed})
		a, b, c := n.Host("a"), n.Host("b"), n.Host("c")
		l, err := b.Listen(bg, ":80", nil)
		require.NoError(t, err)
		defer l.Close(bg)
		for range 20 {
			if others {
				_, err := c.Dial(bg, "b:80")
				require.NoError(t, err)
			}
			s, err := a.Dial(bg, "b:80")
			require.NoError(t, err)
			got = append(got, s.LocalAddr().String())
		}
		return got
	}
	require.Equal(t, ports(1, false), ports(1, true))
	require.NotEqual(t, ports(1, false), ports(2, false))

	n := memstream.NewNetwork(nil)
	c, d := n.Host("c"), n.Host("d")
	toC, _ := connect(t, d, c)
	toD, _ := connect(t, c, d)
	require.NotEqual(t, toC.LocalAddr().String()[1:], toD.LocalAddr().String()[1:])
}

func TestPortsRunOut(t *testing.T) {
	n := memstream.NewNetwork(nil)
	a, b := n.Host("a"), n.Host("b")
	l, err := b.Listen(bg, ":80", &memstream.ListenOptions{Backlog: 1 << 20})
	require.NoError(t, err)
	defer l.Close(bg)
	own, err := a.Listen(bg, ":0", nil) // takes one
	require.NoError(t, err)
	defer own.Close(bg)
	seen := map[string]bool{own.Addr().String(): true}
	var last *memstream.Conn
	for range 65536 - 49152 - 1 {
		last, err = a.Dial(bg, "b:80")
		require.NoError(t, err)
		seen[last.LocalAddr().String()] = true
	}
	require.Len(t, seen, 65536-49152)
	_, err = a.Dial(bg, "b:80")
	require.ErrorIs(t, err, syscall.EADDRNOTAVAIL)
	_, err = a.Listen(bg, ":0", nil)
	require.ErrorIs(t, err, syscall.EADDRINUSE)
	require.NoError(t, last.Close(bg))
	again, err := a.Dial(bg, "b:80")
	require.NoError(t, err)
	require.Equal(t, last.LocalAddr(), again.LocalAddr())
}

// A connection of before a crash does not give the port of a new one away.
func TestAnOldConnectionHasNoPort(t *testing.T) {
	n := memstream.NewNetwork(nil)
	a := n.Host("a")
	old, _ := connect(t, a, n.Host("b"))
	a.Crash()
	a.Restart()
	l, err := n.Host("b").Listen(bg, ":80", &memstream.ListenOptions{Backlog: 1 << 20})
	require.NoError(t, err)
	defer l.Close(bg)
	for range 65536 - 49152 {
		_, err := a.Dial(bg, "b:80")
		require.NoError(t, err)
	}
	require.NoError(t, old.Close(bg))
	_, err = a.Dial(bg, "b:80")
	require.ErrorIs(t, err, syscall.EADDRNOTAVAIL)
}

// Nor does an old listener close a new one.
func TestAnOldListenerHasNoPort(t *testing.T) {
	n := memstream.NewNetwork(nil)
	a := n.Host("a")
	old, err := a.Listen(bg, ":80", nil)
	require.NoError(t, err)
	a.Crash()
	a.Restart()
	l, err := a.Listen(bg, ":80", nil)
	require.NoError(t, err)
	require.NoError(t, old.Close(bg))
	_, err = n.Host("b").Dial(bg, "a:80")
	require.NoError(t, err)
	require.NoError(t, l.Close(bg))
}

func TestListenOptions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := memstream.NewNetwork(nil)
		a, b := n.Host("a"), n.Host("b")
		var panics []any
		l, err := b.Listen(bg, ":80", &memstream.ListenOptions{
			MaxConns: 1,
			OnPanic:  func(_ context.Context, v any, _ []byte) { panics = append(panics, v) },
		})
		require.NoError(t, err)
		served := make(chan error, 1)
		go func() {
			served <- l.Serve(bg, func(ctx context.Context, s abc.Stream) {
				receiveByte(s)(ctx)
				panic("boom")
			})
		}()
		for i := range 2 {
			first, err := a.Dial(bg, "b:80")
			require.NoError(t, err)
			second, err := a.Dial(bg, "b:80")
			require.NoError(t, err)
			synctest.Wait()
			require.EqualValues(t, 1, l.Stats().Active)
			require.NoError(t, first.Close(bg))
			require.NoError(t, second.Close(bg))
			synctest.Wait()
			require.Len(t, panics, 2*i+2)
		}
		require.NoError(t, l.Close(bg))
		require.ErrorIs(t, <-served, abc.ErrClosed)
		require.EqualValues(t, 4, l.Stats().Panics)
	})
}

func TestWhatCannotBeMade(t *testing.T) {
	n := memstream.NewNetwork(nil)
	a := n.Host("a")
	require.Same(t, a, n.Host("a"))
	n.Host("b")
	for _, name := range []string{"", "localhost", "127.0.0.1", "127.9.9.9", "::1", "0.0.0.0", "::"} {
		require.Panics(t, func() { n.Host(name) }, name)
	}
	for _, l := range []memstream.Link{{Latency: -1}, {Jitter: -1}, {Bandwidth: -1}, {Window: -1}} {
		require.Panics(t, func() { n.SetLink("a", "b", l) })
		require.Panics(t, func() { memstream.NewNetwork(&memstream.NetworkOptions{Link: l}) })
	}
	require.Panics(t, func() { memstream.NewNetwork(&memstream.NetworkOptions{Timeout: -1}) })
	for _, opts := range []memstream.ListenOptions{{Backlog: -1}, {MaxConns: -1}} {
		require.Panics(t, func() { a.Listen(bg, ":80", &opts) })
	}
	l, err := a.Listen(bg, ":80", nil)
	require.NoError(t, err)
	require.NoError(t, l.Close(bg))
}
