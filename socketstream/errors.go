package socketstream

import (
	"errors"
	"io"
	"net"
	"syscall"

	"github.com/tributary-go/tributary/abc"
)

// opError puts err into an OpError, if there is one. A bare io.EOF stays bare.
func opError(op string, sent int, err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	return &abc.OpError{Op: op, Transport: "socketstream", Sent: sent, Err: err}
}

// connError says what an error of the connection means for a stream that was
// not closed and whose context is fine.
func connError(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return abc.ErrClosed // somebody closed the connection below us
	}
	return abc.Broken(err)
}

// reset reports whether a send failed because the connection is gone as a
// whole, rather than because the peer, after its own EOF, receives no more.
func reset(sendErr error) bool {
	return errors.Is(sendErr, abc.ErrBroken) && !errors.Is(sendErr, syscall.EPIPE)
}
