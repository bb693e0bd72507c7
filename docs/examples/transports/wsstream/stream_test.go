package wsstream_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/abc/abctest"
	"github.com/tributary-go/tributary/bridge"
	"github.com/tributary-go/tributary/bufstream"
	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/docs/examples/transports/wsstream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestStream(t *testing.T) {
	connect := connections(t)
	abctest.TestStream(t, func(t testing.TB) (a, b abc.Stream) {
		client, server := connect(t)
		return wsstream.New(client), wsstream.New(server)
	}, abctest.Caps{
		NoSendEOF: true, // RFC 6455, 5.5.1: the close frame ends both directions
	})
}

// connections returns a function that makes a connection over HTTP. Calls must
// not overlap.
func connections(t testing.TB) func(testing.TB) (client, server *websocket.Conn) {
	accepted := make(chan *websocket.Conn, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			panic(err)
		}
		accepted <- c
	}))
	t.Cleanup(server.Close)
	return func(t testing.TB) (*websocket.Conn, *websocket.Conn) {
		c, _, err := websocket.Dial(t.Context(), server.URL, nil)
		require.NoError(t, err)
		return c, <-accepted
	}
}

func TestListener(t *testing.T) {
	abctest.TestListener(t, func(t testing.TB) (abc.Listener, func(context.Context) (abc.Stream, error)) {
		l := wsstream.NewListener(nil, nil)
		server := httptest.NewServer(l)
		t.Cleanup(server.Close)
		return l, func(ctx context.Context) (abc.Stream, error) { return wsstream.Dial(ctx, server.URL, nil) }
	})
}

// ints are messages for the suite.
type ints struct {
	*bufstream.MessageStream[[]byte]
}

func (s ints) Send(ctx context.Context, n int) error {
	return s.MessageStream.Send(ctx, strconv.AppendInt(nil, int64(n), 10))
}

func (s ints) Receive(ctx context.Context) (int, error) {
	p, err := s.MessageStream.Receive(ctx)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(string(p))
}

func TestMessages(t *testing.T) {
	connect := connections(t)
	for _, name := range []string{"ClientToServer", "ServerToClient"} {
		t.Run(name, func(t *testing.T) {
			abctest.TestMessages(t, func(t testing.TB) (abc.MessageSendStream[int], abc.MessageReceiveStream[int]) {
				client, server := connect(t)
				if name == "ServerToClient" {
					client, server = server, client
				}
				return ints{wsstream.NewMessages(client)}, ints{wsstream.NewMessages(server)}
			})
		})
	}
}

// A stream of bytes takes it as it comes: the read limit is not for that.
func TestBytesOfALargeMessage(t *testing.T) {
	client, server := connections(t)(t)
	s := wsstream.New(client)
	sent := make(chan error, 1)
	go func() {
		sent <- errors.Join(
			server.Write(t.Context(), websocket.MessageBinary, nil),
			server.Write(t.Context(), websocket.MessageBinary, []byte(strings.Repeat("x", 100_000))),
			server.Close(websocket.StatusNormalClosure, ""))
	}()
	got, err := io.ReadAll(bridge.Reader(t.Context(), s))
	require.NoError(t, err)
	require.Equal(t, strings.Repeat("x", 100_000), string(got))
	require.NoError(t, <-sent)
	require.NoError(t, s.Close(t.Context()))
}

// Whatever their size: those above 32 KiB come to Write in pieces.
func TestMessagesAreThoseOfWebSocket(t *testing.T) {
	client, server := connections(t)(t)
	server.SetReadLimit(-1)
	client.SetReadLimit(150_000)
	a := wsstream.NewMessages(client)
	messages := []string{"one", "", strings.Repeat("x", 100_000), "two"}
	sent := make(chan error, 1)
	go func() {
		var errs []error
		for _, m := range messages {
			errs = append(errs, a.Send(t.Context(), []byte(m)))
		}
		sent <- errors.Join(errs...)
	}()
	for _, m := range messages {
		typ, got, err := server.Read(t.Context())
		require.NoError(t, err)
		require.Equal(t, websocket.MessageBinary, typ)
		require.Equal(t, m, string(got))
	}
	require.NoError(t, <-sent)
	for _, m := range messages {
		require.NoError(t, server.Write(t.Context(), websocket.MessageBinary, []byte(m)))
		got, err := a.Receive(t.Context())
		require.NoError(t, err)
		require.Equal(t, m, string(got))
	}
	require.ErrorIs(t, a.SendEOF(t.Context()), errors.ErrUnsupported)
	require.NoError(t, server.Write(t.Context(), websocket.MessageBinary, make([]byte, 200_000)))
	_, err := a.Receive(t.Context())
	require.ErrorIs(t, err, abc.ErrBroken, "above the read limit")
	require.NoError(t, closeutil.CloseForcefully(a))
	_ = server.CloseNow()
}

func TestTextBreaksTheStream(t *testing.T) {
	connect := connections(t)
	for _, receive := range []func(ws *websocket.Conn) (abc.AsyncResource, error){
		func(ws *websocket.Conn) (abc.AsyncResource, error) {
			s := wsstream.New(ws)
			_, err := s.ReceiveSome(t.Context(), make([]byte, 10))
			return s, err
		},
		func(ws *websocket.Conn) (abc.AsyncResource, error) {
			s := wsstream.NewMessages(ws)
			_, err := s.Receive(t.Context())
			return s, err
		},
	} {
		client, server := connect(t)
		require.NoError(t, server.Write(t.Context(), websocket.MessageText, []byte("hello")))
		s, err := receive(client)
		require.ErrorIs(t, err, abc.ErrBroken)
		require.ErrorContains(t, err, "MessageText")
		require.NoError(t, closeutil.CloseForcefully(s))
		_ = server.CloseNow()
	}
}

// A peer that is in the middle of its own things is told by the status.
func TestStatusIsInTheChain(t *testing.T) {
	client, server := connections(t)(t)
	s := wsstream.New(client)
	leaving := make(chan error, 1)
	go func() { leaving <- server.Close(websocket.StatusGoingAway, "bye") }()
	_, err := s.ReceiveSome(t.Context(), make([]byte, 1))
	require.ErrorIs(t, err, abc.ErrBroken)
	require.Equal(t, websocket.StatusGoingAway, websocket.CloseStatus(err))
	require.NoError(t, <-leaving)
	_ = s.Close(t.Context())
}
