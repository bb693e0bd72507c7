package grpcstream

import (
	"io"

	"google.golang.org/protobuf/types/known/wrapperspb"
)

// A serverConn is a call whose handler returns the first result that comes.
type serverConn struct {
	call
	result chan error // has room for one
}

func (c *serverConn) end(err error) {
	select {
	case c.result <- err:
	default: // it ends already
	}
}

// Read ends the call when the client has closed, which may be long after it
// ended its direction.
func (c *serverConn) Read(p []byte) (int, error) {
	n, err := c.call.Read(p)
	if err == io.EOF {
		go c.awaitClose()
	}
	return n, err
}

// awaitClose ends with the call.
func (c *serverConn) awaitClose() {
	c.reading.Lock()
	defer c.reading.Unlock()
	var err error
	for !c.over && err == nil {
		err = c.RecvMsg(new(wrapperspb.BytesValue))
	}
	if c.over || err == io.EOF {
		c.end(nil)
	}
}

func (c *serverConn) Close() error {
	c.end(nil)
	return nil
}

func (c *serverConn) CloseNow() error {
	c.end(errAborted)
	return nil
}
