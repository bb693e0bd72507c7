//go:build !unix

package socketstream

import (
	"context"

	"github.com/tributary-go/tributary/internal/watch"
)

// A rawOp does not exist here: the system's sockets can't be waited for below
// net.Conn (on Windows RawConn.Read does not wait).
type rawOp struct{}

func (s *Stream) setRaw() {}

func (rawOp) usable() bool { return false }

func (rawOp) run(context.Context, []byte, *watch.Watcher) (int, bool, error) {
	panic("socketstream: internal error: no raw path on this system")
}
