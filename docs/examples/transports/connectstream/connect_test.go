package connectstream_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/abc/abctest"
	"github.com/tributary-go/tributary/bridge"
	"github.com/tributary-go/tributary/bufstream"
	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/docs/examples/transports/connectstream"
	"github.com/tributary-go/tributary/listener"
	"github.com/tributary-go/tributary/memstream"
	"github.com/tributary-go/tributary/socketstream"
)

const target = "example.com:443"

// overMemory makes a listener, and the dial function of its clients.
func overMemory(testing.TB) (abc.Listener, func(context.Context) (abc.Stream, error)) {
	below := memstream.NewListener(nil)
	return connectstream.NewListener(below, nil, nil), func(ctx context.Context) (abc.Stream, error) {
		return connectstream.Dial(ctx, below.Dial, target, nil)
	}
}

// Once there is a tunnel it does all that the transport does.
func TestStream(t *testing.T) {
	for name, mk := range map[string]func(testing.TB) (abc.Listener, func(context.Context) (abc.Stream, error)){
		"memory": overMemory,
		"tcp": func(t testing.TB) (abc.Listener, func(context.Context) (abc.Stream, error)) {
			below, err := socketstream.Listen(context.Background(), "tcp", "127.0.0.1:0", nil)
			require.NoError(t, err)
			return connectstream.NewListener(below, nil, nil), func(ctx context.Context) (abc.Stream, error) {
				return connectstream.Dial(ctx, func(ctx context.Context) (*socketstream.Stream, error) {
					return socketstream.Dial(ctx, "tcp", below.Addr().String(), nil)
				}, target, nil)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
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
			abctest.TestListener(t, mk)
		})
	}
}

// The client has sent a byte behind its request, so there is a layer.
func TestStreamAhead(t *testing.T) {
	abctest.TestStream(t, func(t testing.TB) (a, b abc.Stream) {
		below := memstream.NewListener(nil)
		queue := listener.Queue(context.Background(), connectstream.NewListener(below, nil, nil))
		defer queue.Close(context.Background())
		a, err := below.Dial(context.Background())
		require.NoError(t, err)
		require.NoError(t, a.SendAll(context.Background(), []byte("CONNECT "+target+" HTTP/1.1\r\nHost: "+target+"\r\n\r\n!")))
		b, err = queue.Accept(context.Background())
		require.NoError(t, err)
		_, err = b.ReceiveSome(context.Background(), make([]byte, 1))
		require.NoError(t, err)
		_, err = bufstream.NewReceiver(a, nil).ReceiveUntil(context.Background(), []byte("\r\n\r\n"))
		require.NoError(t, err)
		return a, b
	}, abctest.Caps{})
}

func TestTheHandlerKnowsTheTarget(t *testing.T) {
	below := memstream.NewListener(nil)
	queue := listener.Queue(t.Context(), connectstream.NewListener(below, nil, nil))
	defer queue.Close(t.Context())
	header := http.Header{"Proxy-Authorization": {"Basic Zm9vOmJhcg=="}}
	s, err := connectstream.Dial(t.Context(), below.Dial, target, header)
	require.NoError(t, err)
	require.IsType(t, &memstream.Stream{}, s, "the stream itself")
	accepted, err := queue.Accept(t.Context())
	require.NoError(t, err)
	tunnel, ok := abc.As[*connectstream.Tunnel](accepted)
	require.True(t, ok)
	require.Equal(t, target, tunnel.Request.Host)
	require.Equal(t, header["Proxy-Authorization"], tunnel.Request.Header["Proxy-Authorization"])
	require.NoError(t, closeutil.CloseForcefully(s))
	require.NoError(t, closeutil.CloseForcefully(accepted))
}

// exchange has a proxy answer a Dial, and end its direction.
func exchange(t *testing.T, answer string) (s abc.Stream, below *memstream.Stream, err error) {
	a, b := memstream.Pair(&memstream.Options{Capacity: 1 << 20})
	require.NoError(t, b.SendAll(t.Context(), []byte(answer)))
	require.NoError(t, b.SendEOF(t.Context()))
	s, err = connectstream.Dial(t.Context(), func(context.Context) (*memstream.Stream, error) { return a, nil }, target, nil)
	if err == nil {
		request, readErr := http.ReadRequest(bufio.NewReader(bridge.Reader(t.Context(), b)))
		require.NoError(t, readErr)
		require.Equal(t, "CONNECT", request.Method)
		require.Equal(t, target, request.RequestURI)
		require.Equal(t, target, request.Host)
	}
	return s, a, err
}

func TestWhatFollowsTheHeadIsReceivedFirst(t *testing.T) {
	for _, answer := range []string{
		"HTTP/1.1 200 OK\r\n\r\n",
		"HTTP/1.0 200 Connection established\r\nContent-Length: 5\r\n\r\n",
		"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n",
	} {
		for _, data := range []string{"", "220 ready\r\n", strings.Repeat("x", 100_000)} {
			s, _, err := exchange(t, answer+data)
			require.NoError(t, err)
			got, err := io.ReadAll(bridge.Reader(t.Context(), s))
			require.NoError(t, err)
			require.Equal(t, data, string(got))
			require.NoError(t, s.Close(t.Context()))
		}
	}
}

func TestDialSaysWhatWentWrong(t *testing.T) {
	for answer, want := range map[string]string{
		"":                        "EOF",
		"HTTP/1.1 200 OK\r\n":     "unexpected EOF",
		"SSH-2.0-OpenSSH\r\n\r\n": "malformed HTTP",
		"HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 70_000): "longer than the limit of 65536",
	} {
		_, below, err := exchange(t, answer)
		require.ErrorContains(t, err, want)
		require.NotErrorIs(t, err, io.EOF)
		require.ErrorIs(t, below.SendAll(t.Context(), nil), abc.ErrClosed)
	}
	_, _, err := exchange(t, "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 3\r\n\r\nno\n")
	var status *connectstream.StatusError
	require.ErrorAs(t, err, &status)
	require.Equal(t, 407, status.Code)

	never := func(context.Context) (abc.Stream, error) { panic("dialled") }
	_, err = connectstream.Dial(t.Context(), never, "evil\r\nX: y", nil)
	require.Error(t, err)
	errDial := errors.New("no way to the proxy")
	_, err = connectstream.Dial(t.Context(), func(context.Context) (abc.Stream, error) { return nil, errDial }, target, nil)
	require.ErrorIs(t, err, errDial)
}

func TestTheListenerRefuses(t *testing.T) {
	errs := make(chan error, 1)
	below := memstream.NewListener(nil)
	admit := func(_ context.Context, r *http.Request) error {
		if r.Host == "forbidden:1" {
			return &connectstream.StatusError{Code: http.StatusForbidden}
		}
		return errors.New("no route")
	}
	l := connectstream.NewListener(below, admit, &listener.PrepareOptions{
		OnError: func(_ context.Context, _ abc.Stream, err error) { errs <- err },
	})
	done := make(chan error)
	go func() { done <- l.Serve(t.Context(), func(context.Context, abc.Stream) { panic("admitted") }) }()
	for host, want := range map[string]int{"forbidden:1": 403, "elsewhere:1": 502} {
		_, err := connectstream.Dial(t.Context(), below.Dial, host, nil)
		var status *connectstream.StatusError
		require.ErrorAs(t, err, &status)
		require.Equal(t, want, status.Code)
		require.Error(t, <-errs)
	}
	for request, want := range map[string]int{"GET / HTTP/1.1\r\nHost: a\r\n\r\n": 405, "\x16\x03\x01\r\n\r\n": 400} {
		s, err := below.Dial(t.Context())
		require.NoError(t, err)
		require.NoError(t, s.SendAll(t.Context(), []byte(request)))
		response, err := http.ReadResponse(bufio.NewReader(bridge.Reader(t.Context(), s)), nil)
		require.NoError(t, err)
		require.Equal(t, want, response.StatusCode)
		require.NoError(t, s.Close(t.Context()))
		require.Error(t, <-errs)
	}
	require.NoError(t, l.Close(t.Context()))
	require.ErrorIs(t, <-done, abc.ErrClosed)
}

func TestContexts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := memstream.Pair(nil) // a proxy that says nothing
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		dial := func(context.Context) (*memstream.Stream, error) { return a, nil }
		_, err := connectstream.Dial(ctx, dial, target, nil)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorIs(t, a.SendAll(t.Context(), nil), abc.ErrClosed)
		require.NoError(t, b.Close(t.Context()))
		_, err = connectstream.Dial(ctx, dial, target, nil)
		require.ErrorIs(t, err, context.DeadlineExceeded)

		// A client that says nothing holds up nobody, and not for long.
		failed := make(chan error, 1)
		below := memstream.NewListener(nil)
		l := connectstream.NewListener(below, nil, &listener.PrepareOptions{
			OnError: func(_ context.Context, _ abc.Stream, err error) { failed <- err },
		})
		served, done := make(chan abc.Stream), make(chan error)
		go func() { done <- l.Serve(t.Context(), func(_ context.Context, s abc.Stream) { served <- s }) }()
		_, err = below.Dial(t.Context())
		require.NoError(t, err)
		synctest.Wait()
		begin := time.Now()
		_, err = connectstream.Dial(t.Context(), below.Dial, target, nil)
		require.NoError(t, err)
		<-served
		require.Zero(t, time.Since(begin))
		require.ErrorIs(t, <-failed, context.DeadlineExceeded)
		require.Equal(t, 10*time.Second, time.Since(begin))
		require.NoError(t, l.Close(t.Context()))
		require.ErrorIs(t, <-done, abc.ErrClosed)
	})
}
