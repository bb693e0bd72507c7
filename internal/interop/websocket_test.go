package interop

import (
	"bytes"
	"context"
	"net/http"
	"testing"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"
)

func testWebSocket(t *testing.T, n network) {
	ended := make(chan error, 1)
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, nil) // by http.Hijacker
		if err != nil {
			ended <- err
			return
		}
		defer c.CloseNow()
		c.SetReadLimit(2 << 20)
		for err == nil {
			var typ websocket.MessageType
			var message []byte
			if typ, message, err = c.Read(bg); err == nil {
				err = c.Write(bg, typ, message)
			}
		}
		ended <- err
	})}
	served := make(chan error, 1)
	go func() { served <- server.Serve(n) }()
	client, _ := httpClient(n, nil)
	dial := func() *websocket.Conn {
		c, _, err := websocket.Dial(bg, "ws://server/", &websocket.DialOptions{HTTPClient: client})
		require.NoError(t, err)
		c.SetReadLimit(2 << 20)
		return c
	}

	c := dial()
	for size := 0; size <= 1<<20; size = size*4 + 1 {
		want := bytes.Repeat([]byte("x"), size)
		require.NoError(t, c.Write(bg, websocket.MessageBinary, want))
		typ, got, err := c.Read(bg)
		require.NoError(t, err)
		require.Equal(t, websocket.MessageBinary, typ)
		require.True(t, bytes.Equal(want, got))
	}
	require.NoError(t, c.Close(websocket.StatusNormalClosure, "bye"))
	require.Equal(t, websocket.StatusNormalClosure, websocket.CloseStatus(<-ended))

	// A context that ends a read ends the connection, as the library says.
	c = dial()
	ctx, cancel := context.WithCancel(bg)
	reading := make(chan error, 1)
	go func() {
		_, _, err := c.Read(ctx)
		reading <- err
	}()
	cancel()
	require.ErrorIs(t, <-reading, context.Canceled)
	_ = c.CloseNow() // in case it had not begun
	require.Error(t, <-ended)

	client.CloseIdleConnections()
	require.NoError(t, server.Shutdown(bg))
	require.ErrorIs(t, <-served, http.ErrServerClosed)
}
