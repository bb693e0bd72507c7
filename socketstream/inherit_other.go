//go:build !unix

package socketstream

import (
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
)

var errNoInheritance = fmt.Errorf("%w: sockets can't be passed between processes on %s", errors.ErrUnsupported, runtime.GOOS)

func takeFiles(int, []string) ([]*os.File, error) { return nil, errNoInheritance }

func listenFile(*os.File) (net.Listener, error) { return nil, errNoInheritance }

func dupListener(net.Listener) (*os.File, error) { return nil, errNoInheritance }
