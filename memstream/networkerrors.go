package memstream

import (
	"net"
	"os"

	"github.com/tributary-go/tributary/abc"
)

// netError is what package net says when a dial or listen fails.
func netError(op string, a net.Addr, err error) error {
	return &net.OpError{Op: op, Net: networkName, Addr: a, Err: err}
}

// The errors of system calls, as package net has them.
var (
	errRefused     = os.NewSyscallError("connect", errnoRefused)
	errDialTimeout = os.NewSyscallError("connect", errnoTimedOut)
	errNoHost      = os.NewSyscallError("connect", errnoHostUnreachable)
	errNoNetwork   = os.NewSyscallError("connect", errnoNetUnreachable)
	errPortsUsedUp = os.NewSyscallError("connect", errnoAddrNotAvailable)
	errBindDown    = os.NewSyscallError("bind", errnoNetDown)
	errBindForeign = os.NewSyscallError("bind", errnoAddrNotAvailable)
	errBindInUse   = os.NewSyscallError("bind", errnoAddrInUse)
	errReset       = abc.Broken(errnoReset)
	errPeerClosed  = abc.Broken(errnoPipe)
	errUnanswered  = abc.Broken(errnoTimedOut)
	errHostCrashed = abc.Broken(hostCrashed{})
)

// hostCrashed is why nothing works on a host that crashed.
type hostCrashed struct{}

func (hostCrashed) Error() string { return "this host crashed" }
