// Package wsstream carries Tributary's streams over WebSocket, by
// github.com/coder/websocket: as bytes, by [New], where what
// is sent goes in binary messages whose boundaries mean nothing, and as messages, by
// [NewMessages], where they are kept.
//
//   - Half-close: none. An endpoint that got a close frame has to answer it, and then
//     nobody may send.
//   - Close: the closing handshake, with status 1000. It waits for the peer's answer,
//     which comes when the peer receives, for up to 5 s.
//   - Forceful close: the connection below is closed. The peer gets ErrBroken.
//   - Errors: another status, and a connection that ends without one, are ErrBroken,
//     with a websocket.CloseError in the chain if there was one.
//   - Cancel: the call is left in a goroutine, by bridge.FromReadWriter. The context of
//     a Read or Write must not be the caller's: if it ends, so does the connection.
//   - Told: nothing.
//
// The library's own NetConn will not do: a deadline that passes breaks it for good.
package wsstream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/coder/websocket"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/bridge"
)

// New makes a stream of bytes of ws, which it owns. Text messages break it.
func New(ws *websocket.Conn) abc.Stream {
	ws.SetReadLimit(-1) // the size of a message means nothing: it is received in pieces
	return bridge.FromReadWriter(newConn(ws))
}

// Dial connects to a URL of scheme ws or wss. ctx bounds that alone. opts may be
// nil.
func Dial(ctx context.Context, url string, opts *websocket.DialOptions) (abc.Stream, error) {
	ws, _, err := websocket.Dial(ctx, url, opts)
	switch {
	case err == nil:
		return New(ws), nil
	case ctx.Err() != nil:
		err = abc.ContextErr(ctx)
	}
	return nil, &abc.OpError{Op: "dial", Transport: "wsstream", Err: err}
}

// A conn is a connection that is read and written as bytes.
type conn struct {
	ws    *websocket.Conn
	alive context.Context // ends what is blocked, and the connection with it
	kill  context.CancelFunc
	r     io.Reader // the message that is being read, nil if there is none
}

func newConn(ws *websocket.Conn) *conn {
	c := &conn{ws: ws}
	c.alive, c.kill = context.WithCancel(context.Background())
	return c
}

func (c *conn) Read(p []byte) (int, error) {
	for {
		if c.r == nil {
			typ, r, err := c.ws.Reader(c.alive)
			if err = check(typ, err); err != nil {
				return 0, err
			}
			c.r = r
		}
		n, err := c.r.Read(p)
		if err == io.EOF {
			c.r, err = nil, nil
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
}

func (c *conn) Write(p []byte) (int, error) {
	if err := c.ws.Write(c.alive, websocket.MessageBinary, p); err != nil {
		return 0, err // how much of p has left is not known, and of no use
	}
	return len(p), nil
}

// Close has a Read in progress as well, which CloseNow can end, as it can't the
// handshake.
func (c *conn) Close() error {
	defer c.kill()
	go func() {
		for {
			if _, _, err := c.ws.Read(c.alive); err != nil {
				return
			}
		}
	}()
	err := c.ws.Close(websocket.StatusNormalClosure, "")
	if check(websocket.MessageBinary, err) == io.EOF || errors.Is(err, net.ErrClosed) {
		return nil // the peer closed first
	}
	return err
}

func (c *conn) CloseNow() error {
	c.kill()
	if err := c.ws.CloseNow(); !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

// check returns the error of reading a message: io.EOF is the peer's end in good
// order.
func check(typ websocket.MessageType, err error) error {
	switch {
	case websocket.CloseStatus(err) == websocket.StatusNormalClosure:
		return io.EOF
	case err == nil && typ != websocket.MessageBinary:
		return fmt.Errorf("a message of type %v", typ)
	}
	return err
}
