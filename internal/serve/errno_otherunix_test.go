//go:build unix && !linux && !darwin

package serve_test

import "syscall"

var (
	wantExhaustion = []syscall.Errno{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM}

	wantPerConnection = []syscall.Errno{
		syscall.EPERM, syscall.ECONNABORTED, syscall.EPROTO, syscall.ENETDOWN, syscall.ENOPROTOOPT,
		syscall.EHOSTDOWN, syscall.EHOSTUNREACH, syscall.EOPNOTSUPP, syscall.ENETUNREACH,
		syscall.ESOCKTNOSUPPORT, syscall.EPROTONOSUPPORT, syscall.ETIMEDOUT, syscall.ECONNRESET,
	}

	fatal = []syscall.Errno{syscall.EBADF, syscall.EINVAL, syscall.EACCES, syscall.EIO, syscall.ENOTSOCK}
)
