//go:build unix

package socketstream

import "syscall"

func setTCPOption(fd uintptr, option, value int) error {
	return syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, option, value)
}
