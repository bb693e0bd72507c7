package serve

import "syscall"

// Windows Sockets has codes of its own, of which the syscall package has few.
// The system's are those that AcceptEx may end with.
//
// The syscall package's EMFILE and the like are inventions that Windows never
// returns. They are here for Acceptors that use them.
var exhaustion = []error{
	syscall.Errno(10024), // WSAEMFILE
	syscall.Errno(10055), // WSAENOBUFS
	syscall.Errno(4),     // ERROR_TOO_MANY_OPEN_FILES
	syscall.Errno(8),     // ERROR_NOT_ENOUGH_MEMORY, WSA_NOT_ENOUGH_MEMORY
	syscall.Errno(14),    // ERROR_OUTOFMEMORY
	syscall.Errno(1450),  // ERROR_NO_SYSTEM_RESOURCES
	syscall.Errno(1453),  // ERROR_WORKING_SET_QUOTA
	syscall.Errno(1455),  // ERROR_COMMITMENT_LIMIT
	syscall.Errno(1816),  // ERROR_NOT_ENOUGH_QUOTA
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
	syscall.EPERM, syscall.ECONNABORTED, syscall.EPROTO, syscall.ENETDOWN, syscall.ENOPROTOOPT,
	syscall.EHOSTDOWN, syscall.ENONET, syscall.EHOSTUNREACH, syscall.EOPNOTSUPP, syscall.ENETUNREACH,
	syscall.ENOSR, syscall.ESOCKTNOSUPPORT, syscall.EPROTONOSUPPORT, syscall.ETIMEDOUT, syscall.ECONNRESET,
}
