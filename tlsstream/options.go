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
	// section 9.8). An end inside a record or during the handshake is still an
	// error, and SendEOF and Detach send and need it as ever.
	//
	// The cost: whoever can end the transport, by a forged TCP FIN for example,
	// can cut the stream short at a record's boundary, and it looks complete. So
	// the protocol on top must know its lengths. And a peer that is not
	// HTTPS-compatible takes our Close for such an attack.
	HTTPSCompatible bool

	// HandshakeTimeout bounds the handshake, whoever waits for it. When it is
	// over the stream is broken. 0 is no bound for a stream and 10 s for a
	// listener; a negative one is no bound for either.
	HandshakeTimeout time.Duration

	// Prebuffered is what was received from the transport already, before TLS
	// began: with STARTTLS, what came in one piece with the command and was read
	// along with it. It is copied. It is for Client and Server; Dial and
	// NewListener panic.
	//
	// These bytes must go here, and never to who reads plaintext: an attacker
	// can put commands there (CVE-2011-0411).
	Prebuffered []byte

	// OnHandshakeError is called by a listener when the handshake of a
	// connection failed, in the connection's goroutine, before transport is
	// closed. It is not called when the listener's ctx ended the handshake, nor
	// when a callback panicked: that is for the listener, as the panic of a
	// handler is. nil logs a warning to slog.Default().
	OnHandshakeError func(ctx context.Context, transport abc.Stream, err error)
}

const listenerHandshakeTimeout = 10 * time.Second

func (o *Options) orDefault() Options {
	if o == nil {
		return Options{}
	}
	return *o
}

// refusePrebuffered panics where the transport is one that nobody has read from.
func (o *Options) refusePrebuffered(function string) {
	if o != nil && len(o.Prebuffered) > 0 {
		panic("tlsstream: " + function + " with Prebuffered bytes")
	}
}
