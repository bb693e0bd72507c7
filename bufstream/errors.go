package bufstream

import (
	"errors"
	"fmt"
	"io"

	"github.com/tributary-go/tributary/abc"
)

// A TooLongError says that something is longer than its limit: a line, an item
// up to its delimiter, what a [Buffer] would have to hold, a message. Nothing was
// consumed or sent, and the stream goes on, but for a message that is received:
// nobody knows where the next one begins.
type TooLongError struct {
	Limit int // in bytes
}

func (e *TooLongError) Error() string {
	return fmt.Sprintf("longer than the limit of %d bytes", e.Limit)
}

var (
	errNegative        = errors.New("a negative number of bytes")
	errEmptyDelimiter  = errors.New("the delimiter is empty")
	errUnknownPosition = errors.New("it is not known which bytes a cancelled send took")
	errSendInterrupted = errors.New("a send was in progress, so what was gathered before it is lost")
	errNotPositive     = errors.New("the size of a record is not positive")
)

// opError puts err into an OpError, if there is one. A bare io.EOF stays bare.
func opError(op string, sent int, err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	return &abc.OpError{Op: op, Transport: "bufstream", Sent: sent, Err: err}
}

// senderError returns the error of an operation of a Sender, where err may be
// one of the stream below.
func senderError(op string, sent int, err error) error {
	if below, ok := err.(*abc.OpError); ok { // not As: a context's cause may be one
		return &abc.OpError{Op: below.Op, Transport: below.Transport, Sent: sent, Err: below.Err}
	}
	return opError(op, sent, err)
}
