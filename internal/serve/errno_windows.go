package serve

import "syscall"

// The syscall package has few of the codes of Windows Sockets. Its EMFILE and
// the like are inventions that Windows never returns; they are here for the
// Acceptors that use them.
var exhaustion = []error{
	syscall.Errno(10024), // WSAEMFILE
	syscall.Errno(10055), // WSAENOBUFS
	syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM,
}

var perConnection = []error{
	syscall.ERROR_NETNAME_DELETED,
	syscall.WSAECONNABORTED,
	syscall.WSAECONNRESET,
	syscall.Errno(10042), // WSAENOPROTOOPT
	syscall.Errno(10043), // WSAEPROTONOSUPPORT
	syscall.Errno(10044), // WSAESOCKTNOSUPPORT
	syscall.Errno(10045), // WSAEOPNOTSUPP
	syscall.Errno(10050), // WSAENETDOWN
	syscall.Errno(10051), // WSAENETUNREACH
	syscall.Errno(10060), // WSAETIMEDOUT
	syscall.Errno(10064), // WSAEHOSTDOWN
	syscall.Errno(10065), // WSAEHOSTUNREACH
	syscall.ECONNABORTED, syscall.ECONNRESET, syscall.EPROTO,
}
