package tlsstream

import (
	"context"
	"time"

	"github.com/tributary-go/tributary/abc"
)

// Options configure a stream or a listener.
type Options struct {
	// HTTPSCompatible makes the stream neither send close_notify when it is
	// closed nor ask for the peer's: the end of the transport at a record's
	// boundary is then io.EOF. HTTPS peers often do not send it (RFC 9112,
	// section 9.8). The cost is that an attacker can cut the stream short at a
	// boundary and it is not noticed, so the protocol on top must know its
	// lengths. An end inside a record or during the handshake is still an error.
	HTTPSCompatible bool

	// HandshakeTimeout bounds the handshake, whoever waits for it. When it is
	// over the stream is broken. 0 is no bound for a stream and 10 s for a
	// listener; a negative one is no bound for either.
	HandshakeTimeout time.Duration

	// OnHandshakeError is called by a listener when the handshake of a
	// connection failed, in the connection's goroutine, before transport is
	// closed. It is not called when the listener's ctx ended the handshake.
	// nil logs a warning to slog.Default().
	OnHandshakeError func(ctx context.Context, transport abc.Stream, err error)
}

const listenerHandshakeTimeout = 10 * time.Second

func (o *Options) orDefault() Options {
	if o == nil {
		return Options{}
	}
	return *o
}
