//go:build !unix

package socketstream

import "context"

// A rawOp does not exist here: the system's sockets can't be waited for below
// net.Conn (on Windows RawConn.Read does not wait).
type rawOp struct{}

func (s *Stream) setRaw() {}

func (rawOp) usable() bool { return false }

func (rawOp) run(context.Context, []byte, *watcher) (int, bool, error) {
	panic("socketstream: internal error: no raw path on this system")
}
