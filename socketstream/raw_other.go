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

type rawStep func()

var tryRead, tryWrite rawStep

// do does one operation with p.
func (h *half) do(ctx context.Context, _ rawStep, p []byte) (int, error) { return h.plain(ctx, p) }
