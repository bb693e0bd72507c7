package wsstream_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/abc/abctest"
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
type ints struct{ *wsstream.Messages }

func (s ints) Send(ctx context.Context, n int) error {
	return s.Messages.Send(ctx, strconv.AppendInt(nil, int64(n), 10))
}

func (s ints) Receive(ctx context.Context) (int, error) {
	p, err := s.Messages.Receive(ctx)
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
