package tlsstream

import (
	"context"
	"errors"
	"io"
	"net"
	"time"

	"github.com/tributary-go/tributary/abc"
)

// A wire is the net.Conn that crypto/tls reads from and writes to. It stands
// between calls without a context and a transport whose calls all have one.
//
// bridge.Conn would be such a net.Conn too. But crypto/tls must not see what it
// would show: a write that fails by a deadline (that breaks the tls.Conn), a
// write that blocks (that keeps others from closing), an io.EOF that may be a
// truncation, and deadlines, which crypto/tls sets on its own and leaves behind.
type wire struct {
	transport abc.Stream
	out       *outbox

	// ctx is that of the read in progress: of the handshake, and after it of
	// the receive. It is set by who is going to read; there is one at a time.
	ctx context.Context

	// before is called before the transport is read. The peer may be waiting
	// for what was written.
	before func(context.Context) error

	ahead readAhead
	ended bool // the transport said io.EOF
}

func (w *wire) Read(p []byte) (int, error) {
	if n := w.ahead.take(p); n > 0 {
		return n, nil
	}
	err := w.before(w.ctx)
	n := 0
	if err == nil {
		n, err = w.ahead.receive(w.ctx, w.transport, p)
	}
	switch {
	case err == nil:
		return n, nil
	case err == io.EOF:
		w.ended = true // a close_notify would have kept crypto/tls from reading on
	case w.ctx.Err() != nil && errors.Is(err, w.ctx.Err()):
		err = cancelled{err}
	}
	return 0, err
}

func (w *wire) Write(p []byte) (int, error) {
	w.out.add(p)
	return len(p), nil
}

// Close does nothing: it is called when the handshake's context is done.
func (w *wire) Close() error { return nil }

func (w *wire) LocalAddr() net.Addr {
	if a, ok := abc.As[abc.Addressed](w.transport); ok {
		return a.LocalAddr()
	}
	return noAddr{}
}

func (w *wire) RemoteAddr() net.Addr {
	if a, ok := abc.As[abc.Addressed](w.transport); ok {
		return a.RemoteAddr()
	}
	return noAddr{}
}

// Deadlines are contexts here.
func (w *wire) SetDeadline(time.Time) error     { return nil }
func (w *wire) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline is called by crypto/tls, inside its lock, with a time to come
// before it writes close_notify and with the present one after it, so that
// nothing is sent behind that (RFC 8446, section 6.1). But it would not take an
// error well when it answers a KeyUpdate: it would not change the keys that it
// receives with. So what it writes then is dropped.
func (w *wire) SetWriteDeadline(t time.Time) error {
	if !t.After(time.Now()) {
		w.out.seal()
	}
	return nil
}

type noAddr struct{}

func (noAddr) Network() string { return "stream" }
func (noAddr) String() string  { return "stream" }
