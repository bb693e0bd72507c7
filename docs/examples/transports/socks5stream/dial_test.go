package socks5stream_test

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strconv"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/proxy"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/abc/abctest"
	"github.com/tributary-go/tributary/bridge"
	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/docs/examples/transports/socks5stream"
	"github.com/tributary-go/tributary/listener"
	"github.com/tributary-go/tributary/memstream"
	"github.com/tributary-go/tributary/socketstream"
)

// answer is the proxy's side of the exchange, up to the request.
func answer(r io.Reader, w io.Writer, auth *proxy.Auth) (address string, err error) {
	buf := make([]byte, 255)
	read := func(n int) []byte {
		if err == nil {
			_, err = io.ReadFull(r, buf[:n])
		}
		return buf[:n]
	}
	read(int(read(2)[1])) // the methods that the client offers
	if auth == nil {
		w.Write([]byte{5, 0})
	} else {
		w.Write([]byte{5, 2})
		user := string(read(int(read(2)[1])))
		password := string(read(int(read(1)[0])))
		if user != auth.User || password != auth.Password {
			w.Write([]byte{1, 1})
			return "", errors.New("wrong password")
		}
		w.Write([]byte{1, 0})
	}
	var host string
	switch read(4)[3] {
	case 1:
		host = net.IP(read(4)).String()
	case 3:
		host = string(read(int(read(1)[0])))
	default:
		host = net.IP(read(16)).String()
	}
	return net.JoinHostPort(host, strconv.Itoa(int(binary.BigEndian.Uint16(read(2))))), err
}

var succeeded = []byte{5, 0, 0, 1, 127, 0, 0, 1, 0, 9}

// serve is a proxy whose clients come over l, and which dials TCP.
func serve(t testing.TB, l abc.Listener, auth *proxy.Auth) {
	done := make(chan error)
	go func() {
		done <- l.Serve(context.Background(), func(ctx context.Context, client abc.Stream) {
			address, err := answer(bridge.Reader(ctx, client), bridge.Writer(ctx, client), auth)
			if err != nil {
				return
			}
			server, err := socketstream.Dial(ctx, "tcp", address, nil)
			if err != nil {
				_ = client.SendAll(ctx, []byte{5, 5, 0, 1, 0, 0, 0, 0, 0, 0}) // refused
				_ = closeutil.Linger(ctx, client)
				return
			}
			defer closeutil.CloseForcefully(server)
			if client.SendAll(ctx, succeeded) == nil {
				_, _, _ = abc.Relay(ctx, client, server)
			}
		})
	}()
	t.Cleanup(func() {
		_ = closeutil.CloseForcefully(l)
		<-done
	})
}

func toMemory(l *memstream.Listener) func(context.Context) (*memstream.Stream, error) { return l.Dial }

// The proxy of this test passes on an end as an end and a failure as a failure,
// and pushes back. So both ends keep every rule and no Caps are needed.
func TestStream(t *testing.T) {
	tcp, err := socketstream.Listen(t.Context(), "tcp", "127.0.0.1:0", nil)
	require.NoError(t, err)
	queue := listener.Queue(context.Background(), tcp)
	defer queue.Close(t.Context())
	proxied := memstream.NewListener(nil)
	serve(t, proxied, nil)
	abctest.TestStream(t, func(t testing.TB) (a, b abc.Stream) {
		a, err := socks5stream.Dial(context.Background(), toMemory(proxied), tcp.Addr().String(), nil)
		require.NoError(t, err)
		b, err = queue.Accept(context.Background())
		require.NoError(t, err)
		return a, b
	}, abctest.Caps{})
}

func TestTheProxyResolvesAndAuthenticates(t *testing.T) {
	tcp, err := socketstream.Listen(t.Context(), "tcp", "localhost:0", nil)
	require.NoError(t, err)
	queue := listener.Queue(t.Context(), tcp)
	defer queue.Close(t.Context())
	proxied := memstream.NewListener(nil)
	auth := &proxy.Auth{User: "user", Password: "secret"}
	serve(t, proxied, auth)
	_, port, err := net.SplitHostPort(tcp.Addr().String())
	require.NoError(t, err)

	s, err := socks5stream.Dial(t.Context(), toMemory(proxied), "localhost:"+port, auth)
	require.NoError(t, err)
	require.IsType(t, &memstream.Stream{}, s, "the stream itself")
	require.NoError(t, closeutil.CloseForcefully(s))

	_, err = socks5stream.Dial(t.Context(), toMemory(proxied), "localhost:"+port, &proxy.Auth{User: "user", Password: "guess"})
	require.ErrorContains(t, err, "authentication failed")
}

func TestDialSaysWhatWentWrong(t *testing.T) {
	errDial := errors.New("no way to the proxy")
	_, err := socks5stream.Dial(t.Context(), func(context.Context) (abc.Stream, error) { return nil, errDial }, "a:1", nil)
	require.ErrorIs(t, err, errDial)

	proxied := memstream.NewListener(nil)
	serve(t, proxied, nil)
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, closed.Close())
	_, err = socks5stream.Dial(t.Context(), toMemory(proxied), closed.Addr().String(), nil)
	require.ErrorContains(t, err, "connection refused")
	require.NotErrorIs(t, err, abc.ErrBroken, "the proxy is well")

	_, err = socks5stream.Dial(t.Context(), toMemory(proxied), "no port", nil)
	require.Error(t, err)
}

func TestAProxyThatEndsIsBroken(t *testing.T) {
	for _, said := range []string{"", "\x05", "\x05\x00", "\x05\x00\x05\x00\x00\x01"} {
		a, b := memstream.Pair(nil)
		require.NoError(t, b.SendAll(t.Context(), []byte(said)))
		require.NoError(t, b.SendEOF(t.Context()))
		_, err := socks5stream.Dial(t.Context(), func(context.Context) (*memstream.Stream, error) { return a, nil }, "a:1", nil)
		require.ErrorIs(t, err, abc.ErrBroken)
		require.NotErrorIs(t, err, io.EOF)
		require.ErrorIs(t, a.SendAll(t.Context(), nil), abc.ErrClosed, "Dial closed it")
	}
}

func TestNothingBeyondTheAnswerIsReceived(t *testing.T) {
	a, b := memstream.Pair(nil)
	require.NoError(t, b.SendAll(t.Context(), append([]byte{5, 0}, succeeded...)))
	require.NoError(t, b.SendAll(t.Context(), []byte("220 ready")))
	s, err := socks5stream.Dial(t.Context(), func(context.Context) (*memstream.Stream, error) { return a, nil }, "a:1", nil)
	require.NoError(t, err)
	buf := make([]byte, 20)
	n, err := s.ReceiveSome(t.Context(), buf)
	require.NoError(t, err)
	require.Equal(t, "220 ready", string(buf[:n]))
}

func TestDialEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, _ := memstream.Pair(nil) // a proxy that says nothing
		errCause := errors.New("had enough")
		ctx, cancel := context.WithCancelCause(t.Context())
		done := make(chan error)
		go func() {
			_, err := socks5stream.Dial(ctx, func(context.Context) (*memstream.Stream, error) { return a, nil }, "a:1", nil)
			done <- err
		}()
		synctest.Wait()
		cancel(errCause)
		err := <-done
		require.ErrorIs(t, err, context.Canceled)
		require.ErrorIs(t, err, errCause)
		require.ErrorIs(t, a.SendAll(t.Context(), nil), abc.ErrClosed)

		_, err = socks5stream.Dial(ctx, func(context.Context) (*memstream.Stream, error) { panic("dialled") }, "a:1", nil)
		require.ErrorIs(t, err, errCause)
	})
}
