package socketstream

import (
	"context"
	"syscall"
)

// choosePortLate has the system choose the port of a socket that is bound to an
// address when it connects. If that is done when it is bound, the port has to
// be free for all peers, and a client runs out of ports when it has as many
// connections as there are, to all peers together.
func choosePortLate(control dialControl) dialControl {
	return func(ctx context.Context, network, address string, c syscall.RawConn) error {
		const ipBindAddressNoPort = 24 // which package syscall lacks
		_ = c.Control(func(fd uintptr) {
			_ = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_IP, ipBindAddressNoPort, 1) // since Linux 4.2
		})
		if control == nil {
			return nil
		}
		return control(ctx, network, address, c)
	}
}
