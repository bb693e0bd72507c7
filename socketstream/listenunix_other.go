//go:build !unix

package socketstream

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime"
)

func listenAgain(uintptr, int) error {
	return fmt.Errorf("%w: Backlog, on %s", errors.ErrUnsupported, runtime.GOOS)
}

func (o *ListenOptions) listenUnix(ctx context.Context, path string) (net.Listener, error) {
	if o.Mode != 0 {
		return nil, fmt.Errorf("%w: Mode, on %s", errors.ErrUnsupported, runtime.GOOS)
	}
	if o.Backlog != 0 {
		return nil, listenAgain(0, 0)
	}
	lc := net.ListenConfig{Control: o.Control}
	ln, err := lc.Listen(ctx, "unix", path)
	if err != nil {
		return nil, explainPath(path, err)
	}
	return ln, nil
}
