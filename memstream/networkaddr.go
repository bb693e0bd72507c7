package memstream

import (
	"net"
	"strconv"
)

// networkName is what the Network method of an address returns.
const networkName = "mem"

const localhost = "localhost"

// A hostPort is an address in a [Network].
type hostPort struct {
	host string
	port int
}

var _ net.Addr = hostPort{}

func (hostPort) Network() string  { return networkName }
func (a hostPort) String() string { return net.JoinHostPort(a.host, strconv.Itoa(a.port)) }

// parseHostPort reads "host:port". Services have no names here.
func parseHostPort(address string) (hostPort, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return hostPort{}, err
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return hostPort{}, &net.AddrError{Err: "invalid port", Addr: address}
	}
	return hostPort{host, int(n)}, nil
}
