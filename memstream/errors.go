package memstream

import (
	"io"

	"github.com/tributary-go/tributary/abc"
)

// brokenByPeer is what a sender gets whose receiver was closed.
var brokenByPeer = abc.Broken(peerClosed{})

type peerClosed struct{}

func (peerClosed) Error() string { return "the peer closed its receiving side" }
func (peerClosed) Unwrap() error { return io.ErrClosedPipe }

// opError puts err into an OpError, if there is one. A bare io.EOF stays bare.
func opError(op string, sent int, err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	return &abc.OpError{Op: op, Transport: "memstream", Sent: sent, Err: err}
}
