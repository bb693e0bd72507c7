package bufstream

import (
	"io"

	"github.com/tributary-go/tributary/abc"
)

// opError puts err into an OpError, if there is one. A bare io.EOF stays bare.
func opError(op string, sent int, err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	return &abc.OpError{Op: op, Transport: "bufstream", Sent: sent, Err: err}
}
