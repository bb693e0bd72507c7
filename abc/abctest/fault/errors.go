package fault

import (
	"errors"

	"github.com/tributary-go/tributary/abc"
)

func opError(op string, sent int, err error) error {
	return &abc.OpError{Op: op, Transport: "fault", Sent: sent, Err: err}
}

// withSent returns err with another count of bytes that were sent.
func withSent(err error, sent int) error {
	var op *abc.OpError
	if !errors.As(err, &op) || op.Sent == sent {
		return err
	}
	return &abc.OpError{Op: op.Op, Transport: op.Transport, Sent: sent, Err: op.Err}
}
