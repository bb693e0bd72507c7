//go:build !unix

package socketstream

import (
	"context"
	"net"
	"syscall"
)

// rawConn returns nil: the system's sockets can't be waited for below net.Conn
// (on Windows RawConn.Read does not wait).
func rawConn(net.Conn) syscall.RawConn { return nil }

func (h *half) transfer(context.Context, []byte) (int, error) {
	panic("socketstream: internal error: no raw path on this system")
}
