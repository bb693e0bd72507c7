package socketstream_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/socketstream"
)

func requireListenError(t *testing.T, err, target error) {
	t.Helper()
	require.ErrorIs(t, err, target)
	require.IsType(t, (*abc.OpError)(nil), err)
	require.Equal(t, "listen", err.(*abc.OpError).Op)
	require.Equal(t, "socketstream", err.(*abc.OpError).Transport)
}

// listenTo listens at a free address of network.
func listenTo(t *testing.T, network string, opts *socketstream.ListenOptions) *socketstream.Listener {
	t.Helper()
	address := map[string]string{
		"tcp": "localhost:0", "tcp4": "127.0.0.1:0", "tcp6": "[::1]:0", "unix": filepath.Join(t.TempDir(), "s"),
	}[network]
	l, err := socketstream.Listen(t.Context(), network, address, opts)
	require.NoError(t, err)
	return l
}

func dialTo(t *testing.T, l *socketstream.Listener) *socketstream.Stream {
	t.Helper()
	s, err := socketstream.Dial(t.Context(), l.Addr().Network(), l.Addr().String(), nil)
	require.NoError(t, err)
	return s
}

func TestListenServesEachNetwork(t *testing.T) {
	networks := []string{"tcp", "tcp4", "unix"}
	if l, err := net.Listen("tcp6", "[::1]:0"); err == nil { // there are machines without
		require.NoError(t, l.Close())
		networks = append(networks, "tcp6")
	}
	for _, network := range networks {
		t.Run(network, func(t *testing.T) {
			l := listenTo(t, network, nil)
			served := make(chan error, 1)
			go func() {
				served <- l.Serve(t.Context(), func(ctx context.Context, s abc.Stream) {
					_ = s.SendAll(ctx, []byte("hello"))
					_ = s.Close(ctx)
				})
			}()
			for range 3 {
				s := dialTo(t, l)
				p := make([]byte, 5)
				n, err := s.ReceiveSome(t.Context(), p)
				require.NoError(t, err)
				require.Equal(t, "hello", string(p[:n]))
				_, err = s.ReceiveSome(t.Context(), p)
				require.Equal(t, io.EOF, err)
				require.NoError(t, s.Close(t.Context()))
			}
			require.NoError(t, l.Close(t.Context()))
			err := <-served
			require.ErrorIs(t, err, abc.ErrClosed)
			require.EqualError(t, err, "socketstream: serve: closed on this side")
			_, err = net.Dial(l.Addr().Network(), l.Addr().String())
			require.Error(t, err)
		})
	}
}

func TestListenOptionsReachTheAcceptLoop(t *testing.T) {
	panicked := make(chan any, 1)
	l := listenTo(t, "tcp4", &socketstream.ListenOptions{
		OnPanic: func(_ context.Context, v any, _ []byte) { panicked <- v },
	})
	served := make(chan error, 1)
	go func() { served <- l.Serve(t.Context(), func(context.Context, abc.Stream) { panic("boom") }) }()
	s := dialTo(t, l)
	defer func() { _ = closeutil.CloseForcefully(s) }()
	require.Equal(t, "boom", <-panicked)
	require.NoError(t, l.Close(t.Context()))
	require.ErrorIs(t, <-served, abc.ErrClosed)
}

func TestNegativeMaxConnsPanicsBeforeItListens(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	require.PanicsWithValue(t, "socketstream: MaxConns is -1; it must not be negative", func() {
		_, _ = socketstream.Listen(t.Context(), "unix", path, &socketstream.ListenOptions{MaxConns: -1})
	})
	require.NoFileExists(t, path)
}

func TestForcefulCloseOfAListenerEndsItsConnections(t *testing.T) {
	l := listenTo(t, "tcp4", nil)
	received := make(chan error, 1)
	served := make(chan error, 1)
	go func() {
		served <- l.Serve(t.Context(), func(_ context.Context, s abc.Stream) {
			received <- s.SendAll(context.Background(), []byte("x"))
			_, err := s.ReceiveSome(context.Background(), make([]byte, 1))
			received <- err
		})
	}()
	s := dialTo(t, l)
	defer func() { _ = closeutil.CloseForcefully(s) }()
	require.NoError(t, <-received)
	require.NoError(t, closeutil.CloseForcefully(l))
	require.ErrorIs(t, <-received, abc.ErrClosed)
	require.ErrorIs(t, <-served, abc.ErrClosed)
}

func TestConnectionsInTheBacklogEndWithClose(t *testing.T) {
	l := listenTo(t, "tcp4", nil)
	s := dialTo(t, l)
	defer func() { _ = closeutil.CloseForcefully(s) }()
	require.NoError(t, l.Close(t.Context()))
	_, err := s.ReceiveSome(t.Context(), make([]byte, 1))
	require.Error(t, err)
}

func TestListenRejects(t *testing.T) {
	done, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := socketstream.Listen(done, "tcp", "127.0.0.1:0", nil)
	requireListenError(t, err, context.Canceled)

	for _, network := range []string{"", "udp", "unixgram", "TCP"} {
		_, err = socketstream.Listen(t.Context(), network, "127.0.0.1:0", nil)
		requireListenError(t, err, net.UnknownNetworkError(network))
		var unknown net.UnknownNetworkError
		require.ErrorAs(t, err, &unknown)
		for _, word := range []string{`"` + network + `"`, "tcp", "tcp4", "tcp6", "unix"} {
			require.ErrorContains(t, err, word)
		}
	}

	for _, network := range []string{"tcp4", "unix"} {
		l := listenTo(t, network, nil)
		_, err = socketstream.Listen(t.Context(), network, l.Addr().String(), nil)
		requireListenError(t, err, syscall.EADDRINUSE)
		require.NotContains(t, err.Error(), "not a socket")
		s := dialTo(t, l) // it was left alone
		require.NoError(t, s.Close(t.Context()))
		require.NoError(t, l.Close(t.Context()))
	}
}

func TestReceivedBytesComeThroughAServedConnection(t *testing.T) {
	want := bytes.Repeat([]byte("tributary"), 100_000)
	l := listenTo(t, "tcp4", nil)
	served := make(chan error, 1)
	go func() {
		served <- l.Serve(t.Context(), func(ctx context.Context, s abc.Stream) {
			if s.SendAll(ctx, want) == nil {
				_ = closeutil.Linger(ctx, s)
			}
		})
	}()
	s := dialTo(t, l)
	var got []byte
	for chunk, err := range abc.Chunks(t.Context(), s, make([]byte, 32<<10)) {
		require.NoError(t, err)
		got = append(got, chunk...)
	}
	require.True(t, bytes.Equal(want, got))
	require.NoError(t, s.Close(t.Context()))
	require.NoError(t, l.Close(t.Context()))
	require.ErrorIs(t, <-served, abc.ErrClosed)
}
