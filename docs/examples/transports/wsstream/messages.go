package wsstream

import (
	"github.com/coder/websocket"

	"github.com/tributary-go/tributary/bridge"
	"github.com/tributary-go/tributary/bufstream"
)

// NewMessages makes a stream of binary messages, each of which is one of
// WebSocket's, of ws, which it owns. A message that is larger than ws's read limit
// breaks it, and so does one of text. SendEOF is [errors.ErrUnsupported].
func NewMessages(ws *websocket.Conn) *bufstream.MessageStream[[]byte] {
	return bufstream.NewMessageStream(bridge.FromReadWriter(&framed{conn: newConn(ws)}), frame,
		&bufstream.MessageOptions{Limit: bufstream.Unlimited})
}

// frame is how messages become bytes for a bufstream.MessageStream, and messages
// again: what cancels, closes and waits is all there, and in package bridge.
var frame = bufstream.UvarintPrefixed()

// A framed is a conn that is read and written as frames.
type framed struct {
	*conn
	in  []byte // the rest of a frame that is being read
	out []byte // the beginning of one that is being written
}

func (f *framed) Read(p []byte) (int, error) {
	if len(f.in) == 0 {
		typ, m, err := f.ws.Read(f.alive)
		if err = check(typ, err); err != nil {
			return 0, err
		}
		if f.in, err = frame.Encode(nil, m); err != nil {
			return 0, err
		}
	}
	n := copy(p, f.in)
	f.in = f.in[n:]
	return n, nil
}

func (f *framed) Write(p []byte) (int, error) {
	f.out = append(f.out, p...)
	for len(f.out) > 0 {
		m, n, err := frame.Decode(f.out, nil)
		if err != nil || n == 0 || n > len(f.out) {
			return len(p), err // more of it comes
		}
		if _, err := f.conn.Write(m); err != nil {
			return 0, err
		}
		f.out = f.out[n:]
	}
	return len(p), nil
}
