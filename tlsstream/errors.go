package tlsstream

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"reflect"

	"github.com/tributary-go/tributary/abc"
)

var (
	// ErrNeedHandshake is returned by ConnectionState before the handshake.
	ErrNeedHandshake = errors.New("the TLS handshake is not complete")

	// ErrTruncated says that the transport ended without the close_notify that
	// ends a TLS stream (RFC 8446, section 6.1): bytes may be missing. It comes
	// with [abc.ErrBroken] and [io.ErrUnexpectedEOF].
	ErrTruncated error = truncatedError{}

	// ErrUnreadData is returned by Detach when there is application data to be
	// received before the peer's close_notify.
	ErrUnreadData = errors.New("application data came before the peer's close_notify")
)

type truncatedError struct{}

func (truncatedError) Error() string { return "the transport ended without close_notify" }
func (truncatedError) Unwrap() error { return io.ErrUnexpectedEOF }

var (
	errHandshakeTimeout error = timeoutError{}
	errSendInterrupted        = errors.New("a send was in progress, so the peer sees a truncated stream")
	errExited                 = errors.New("a callback of the tls.Config ended the goroutine of the handshake")
	errUnknownPosition        = errors.New("a cancelled send left it unknown which bytes the transport took")
)

type timeoutError struct{}

func (timeoutError) Error() string { return "the handshake took longer than HandshakeTimeout" }
func (timeoutError) Timeout() bool { return true }

// opError puts err into an OpError, if there is one. A bare io.EOF stays bare.
//
// Inlined, it would widen the frames of operations that wait.
//
//go:noinline
func opError(op string, sent int, err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	return &abc.OpError{Op: op, Transport: "tlsstream", Sent: sent, Err: err}
}

// fatal says what an error of the transport or of crypto/tls, which is neither
// an end nor of a context, means for the stream.
func fatal(err error) error {
	if errors.Is(err, abc.ErrClosed) {
		return abc.ErrClosed // somebody closed the transport below us
	}
	if alert, ok := alertOf(err); ok {
		return &alertError{abc.Broken(err), alert}
	}
	return abc.Broken(err)
}

// alertError adds to an error that stands for a peer's alert the exported type
// for it, which crypto/tls itself uses only for QUIC.
type alertError struct {
	error
	alert tls.AlertError
}

func (e *alertError) Unwrap() []error { return []error{e.error, e.alert} }

func alertOf(err error) (tls.AlertError, bool) {
	var op *net.OpError
	if !errors.As(err, &op) || op.Op != "remote error" {
		return 0, false
	}
	v := reflect.ValueOf(op.Err) // of the unexported type alert
	if v.Kind() != reflect.Uint8 {
		return 0, false
	}
	return tls.AlertError(v.Uint()), true
}

// cancelled is how the end of a context reaches crypto/tls: as a temporary
// net.Error, the one kind of read error after which a tls.Conn goes on.
type cancelled struct{ error }

func (cancelled) Timeout() bool   { return true }
func (cancelled) Temporary() bool { return true }
