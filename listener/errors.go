package listener

import "github.com/tributary-go/tributary/abc"

const transport = "listener"

// opError puts err into an OpError, if it is not nil.
func opError(op string, err error) error {
	if err == nil {
		return nil
	}
	return &abc.OpError{Op: op, Transport: transport, Err: err}
}
