package socketstream

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/internal/happyeyeballs"
)

// DialOptions configure [Dial]. Most programs need none: nil is fine.
type DialOptions struct {
	// LocalAddr is the address to connect from, a *net.TCPAddr or, for Unix
	// sockets, a *net.UnixAddr. nil lets the system choose. Addresses of the
	// other family are passed over, with an error that says so; an unspecified
	// IP, such as 0.0.0.0, goes with both. With a port, two attempts in the same
	// family are in each other's way: have one at a time.
	LocalAddr net.Addr

	// Linger is the [Stream.SetLinger] of the stream. 0 closes at once; a
	// negative one panics.
	Linger time.Duration

	// FallbackDelay is how long an attempt to connect to one address of the host
	// has to succeed before the attempt to connect to the next one starts beside
	// it. One that fails starts the next at once. 0 is 250 ms, the Connection
	// Attempt Delay of RFC 8305, section 5; the RFC recommends no less than
	// 100 ms. If it is negative there is one attempt at a time.
	FallbackDelay time.Duration

	// Resolver looks up the host's addresses. nil is net.DefaultResolver.
	Resolver Resolver

	// Control, if it is not nil, is called for each attempt after its socket was
	// made and before it is bound or connected, as ControlContext of a
	// net.Dialer: network is "tcp4", "tcp6" or "unix", address the one that the
	// attempt is for. Its error is that of the attempt. Several attempts may
	// call it at the same time, and Dial waits for it.
	Control func(ctx context.Context, network, address string, c syscall.RawConn) error
}

type dialControl = func(ctx context.Context, network, address string, c syscall.RawConn) error

// defaultFallbackDelay is what section 8 of RFC 8305 recommends.
const defaultFallbackDelay = 250 * time.Millisecond

// Dial connects to address on network, which is "tcp", "tcp4", "tcp6" or
// "unix". For TCP the address is "host:port", for Unix sockets a path (with a
// leading "@", on Linux, a name in the abstract namespace; elsewhere that is
// [errors.ErrUnsupported]).
//
// A host with several addresses is dialled as RFC 8305 (Happy Eyeballs) says: in
// the order of the resolver, but so that IPv6 and IPv4 alternate, each a little
// after the one before (see FallbackDelay) until one connects. The others are
// closed, and so they all are when ctx is done. An IP address, with a zone
// perhaps, is not looked up. A name that is not ASCII is given to the resolver
// as it is.
//
// It blocks until a connection stands, all addresses have failed, or ctx is
// done; ctx has no effect on the stream afterwards. Nothing is left open by a
// Dial that failed, and no attempt goes on when Dial has returned.
//
// The error names the addresses, and matches what each attempt failed with
// (syscall.ECONNREFUSED); a failed look-up is a *net.DNSError, and a host that
// has no address of the network a *net.AddrError. If ctx is done it matches the
// error of ctx only, and tells in words how far the attempts had come.
func Dial(ctx context.Context, network, address string, opts *DialOptions) (*Stream, error) {
	if opts == nil {
		opts = &DialOptions{}
	}
	linger := opts.Linger
	checkLinger(linger)
	err := checkNetwork(network, address)
	if err == nil {
		err = checkLocal(network, opts.LocalAddr)
	}
	if err != nil {
		return nil, opError("dial", 0, err)
	}
	if ctx.Err() != nil {
		return nil, opError("dial", 0, abc.ContextErr(ctx))
	}
	conn, err := opts.dial(ctx, network, address)
	if err != nil {
		if ended(ctx) {
			err = &stoppedError{abc.ContextErr(ctx), err.Error()}
		}
		return nil, opError("dial", 0, err)
	}
	return newLingering(conn, linger), nil
}

func (o *DialOptions) dial(ctx context.Context, network, address string) (net.Conn, error) {
	d := net.Dialer{LocalAddr: o.LocalAddr, ControlContext: o.Control}
	if network == "unix" {
		return d.DialContext(ctx, network, address)
	}
	if local, _ := o.LocalAddr.(*net.TCPAddr); local != nil && local.Port == 0 {
		d.ControlContext = choosePortLate(o.Control)
	}
	targets, err := resolve(ctx, o.Resolver, network, address)
	if err != nil {
		return nil, err
	}
	attempt := func(ctx context.Context, target netip.AddrPort) (net.Conn, error) {
		if err := checkFamilies(o.LocalAddr, target.Addr()); err != nil {
			return nil, fmt.Errorf("dial %s %v: %w", network, target, err)
		}
		conn, err := d.DialContext(ctx, network, hostPort(target))
		if err != nil {
			ended(ctx) // so that the race knows as well
		}
		return conn, err
	}
	if len(targets) == 1 {
		return attempt(ctx, targets[0]) // saves the goroutine
	}
	delay := o.FallbackDelay
	if delay == 0 {
		delay = defaultFallbackDelay
	}
	conn, failures := happyeyeballs.Race(ctx, targets, delay, attempt)
	if failures != nil {
		return nil, &attemptsError{address, len(targets), failures}
	}
	return conn, nil
}

// ended reports whether ctx is done. If its deadline has passed it waits for
// that: net has a timer of its own for the deadline, which may be faster.
func ended(ctx context.Context) bool {
	if at, ok := ctx.Deadline(); ok && !time.Now().Before(at) {
		<-ctx.Done()
	}
	return ctx.Err() != nil
}

// checkLocal says which type a LocalAddr has to have.
func checkLocal(network string, local net.Addr) error {
	var ok bool
	want := "*net.TCPAddr"
	if network == "unix" {
		want = "*net.UnixAddr"
		_, ok = local.(*net.UnixAddr)
	} else {
		_, ok = local.(*net.TCPAddr)
	}
	if ok || local == nil {
		return nil
	}
	return fmt.Errorf("LocalAddr is a %T; for network %q it has to be a %s", local, network, want)
}

// checkFamilies returns an error if no socket at local can connect to remote.
func checkFamilies(local net.Addr, remote netip.Addr) error {
	tcp, _ := local.(*net.TCPAddr)
	if tcp == nil || len(tcp.IP) == 0 || tcp.IP.IsUnspecified() || !remote.IsValid() {
		return nil
	}
	if is4 := tcp.IP.To4() != nil; is4 != remote.Is4() {
		return fmt.Errorf("not from %v, which is of the other family", tcp.IP)
	}
	return nil
}

// abstractNames says whether Unix sockets have names besides paths.
const abstractNames = runtime.GOOS == "linux" || runtime.GOOS == "android"

// checkNetwork says which networks there are to who asks for another one.
func checkNetwork(network, address string) error {
	switch network {
	case "tcp", "tcp4", "tcp6":
		return nil
	case "unix":
		if address != "" && address[0] == '@' && !abstractNames {
			return fmt.Errorf("%w: %s is a name in the abstract namespace, which only Linux has", errors.ErrUnsupported, address)
		}
		return nil
	}
	return unknownNetwork(network)
}

type unknownNetwork string

func (n unknownNetwork) Error() string {
	return "unknown network " + strconv.Quote(string(n)) + ` (not "tcp", "tcp4", "tcp6" or "unix")`
}

func (n unknownNetwork) Unwrap() error { return net.UnknownNetworkError(n) }
