package memstream

import (
	"net"
	"net/netip"
	"strconv"
)

// networkName is what the Network method of an address returns.
const networkName = "mem"

// What a host calls itself, and every host.
const (
	localhost = "localhost"
	anyHost   = ""
)

// A hostPort is an address in a [Network].
type hostPort struct {
	host string
	port int
}

var _ net.Addr = hostPort{}

func (hostPort) Network() string  { return networkName }
func (a hostPort) String() string { return net.JoinHostPort(a.host, strconv.Itoa(a.port)) }

// parseHostPort reads "host:port", where the host may be anyHost or localhost.
// Services have no names here.
func parseHostPort(address string) (hostPort, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return hostPort{}, err
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return hostPort{}, &net.AddrError{Err: "invalid port", Addr: address}
	}
	return hostPort{plainHost(host), int(n)}, nil
}

// plainHost returns anyHost and localhost for the addresses that mean the same:
// programs listen at "0.0.0.0:80" and dial "127.0.0.1:80".
func plainHost(host string) string {
	switch ip, err := netip.ParseAddr(host); {
	case err != nil:
		return host
	case ip.IsUnspecified():
		return anyHost
	case ip.IsLoopback():
		return localhost
	}
	return host
}
