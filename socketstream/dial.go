package socketstream

import (
	"context"
	"net"
	"strconv"
	"time"

	"github.com/tributary-go/tributary/abc"
)

// DialOptions configure [Dial]. Most programs need none: nil is fine.
type DialOptions struct {
	// LocalAddr is the address to connect from, a *net.TCPAddr or
	// *net.UnixAddr. nil lets the system choose.
	LocalAddr net.Addr

	// Linger is the [Stream.SetLinger] of the stream. 0 closes at once; a
	// negative one panics.
	Linger time.Duration
}

// Dial connects to address on network, which is "tcp", "tcp4", "tcp6" or
// "unix". For TCP the address is "host:port", for Unix sockets a path (with a
// leading "@", on Linux, a name in the abstract namespace).
//
// It blocks until a connection stands, all addresses of the host have failed,
// or ctx is done; ctx has no effect on the stream afterwards. The error names
// the addresses, and matches the cause (syscall.ECONNREFUSED, *net.DNSError).
// Nothing is left open by a Dial that failed.
func Dial(ctx context.Context, network, address string, opts *DialOptions) (*Stream, error) {
	var linger time.Duration
	if opts != nil {
		linger = opts.Linger
		checkLinger(linger)
	}
	if err := checkNetwork(network); err != nil {
		return nil, opError("dial", 0, err)
	}
	if ctx.Err() != nil {
		return nil, opError("dial", 0, abc.ContextErr(ctx))
	}
	var dialer net.Dialer
	if opts != nil {
		dialer.LocalAddr = opts.LocalAddr
	}
	conn, err := dialer.DialContext(ctx, network, address)
	if err != nil {
		if at, ok := ctx.Deadline(); ok && !time.Now().Before(at) {
			<-ctx.Done() // net has a timer of its own for it, which may be faster
		}
		if ctx.Err() != nil {
			err = abc.ContextErr(ctx)
		}
		return nil, opError("dial", 0, err)
	}
	return newLingering(conn, linger), nil
}

// checkNetwork says which networks there are to who asks for another one.
func checkNetwork(network string) error {
	switch network {
	case "tcp", "tcp4", "tcp6", "unix":
		return nil
	}
	return unknownNetwork(network)
}

type unknownNetwork string

func (n unknownNetwork) Error() string {
	return "unknown network " + strconv.Quote(string(n)) + ` (not "tcp", "tcp4", "tcp6" or "unix")`
}

func (n unknownNetwork) Unwrap() error { return net.UnknownNetworkError(n) }
