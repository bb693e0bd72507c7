package bufstream

import (
	"errors"
	"fmt"
	"io"

	"github.com/tributary-go/tributary/abc"
)

// A TooLongError says that something is longer than its limit: a line, an item
// up to its delimiter, what a [Buffer] would have to hold. Nothing was
// consumed, and the stream goes on.
type TooLongError struct {
	Limit int // in bytes
}

func (e *TooLongError) Error() string {
	return fmt.Sprintf("longer than the limit of %d bytes", e.Limit)
}

var (
	errNegative       = errors.New("a negative number of bytes")
	errEmptyDelimiter = errors.New("the delimiter is empty")
)

// opError puts err into an OpError, if there is one. A bare io.EOF stays bare.
func opError(op string, sent int, err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	return &abc.OpError{Op: op, Transport: "bufstream", Sent: sent, Err: err}
}
