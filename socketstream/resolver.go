package socketstream

import (
	"context"
	"net"
	"net/netip"
	"strconv"

	"github.com/tributary-go/tributary/internal/happyeyeballs"
)

// A Resolver looks up the addresses of a host. *net.Resolver is one (which may
// leave a look-up that was cancelled to end by itself). In a test it takes the
// place of the DNS.
type Resolver interface {
	// LookupIPAddr returns the addresses of host in the order in which they
	// should be tried. It must return soon after ctx is done. It is not called
	// for an IP address.
	//
	// For "tcp4", a Resolver that has the method LookupNetIP of *net.Resolver as
	// well is asked by that, for IPv4 addresses alone. For IPv6 that would lose
	// the zones.
	LookupIPAddr(ctx context.Context, host string) ([]net.IPAddr, error)
}

var _ Resolver = (*net.Resolver)(nil)

// resolve returns what address stands for on a TCP network: one at least, the
// families alternating. An empty host is the zero netip.Addr.
func resolve(ctx context.Context, r Resolver, network, address string) ([]netip.AddrPort, error) {
	host, service, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	// Names of services come from a file, not the DNS.
	port, err := net.DefaultResolver.LookupPort(ctx, network, service)
	if err != nil {
		return nil, err
	}
	addrs := []netip.Addr{{}}
	if host != "" {
		if addrs, err = lookup(ctx, r, network, host); err != nil {
			return nil, err
		}
		if len(addrs) == 0 {
			return nil, &net.AddrError{Err: "no " + familyOf[network] + " found for the host", Addr: address}
		}
	}
	var targets []netip.AddrPort
	for _, a := range happyeyeballs.Interleave(addrs) {
		targets = append(targets, netip.AddrPortFrom(a, uint16(port)))
	}
	return targets, nil
}

var familyOf = map[string]string{"tcp": "address", "tcp4": "IPv4 address", "tcp6": "IPv6 address"}

// lookup returns the addresses of host that are of network's family.
func lookup(ctx context.Context, r Resolver, network, host string) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(host); err == nil {
		return ofFamily(network, a.Unmap()), nil
	}
	if r == nil {
		r = net.DefaultResolver
	}
	if narrow, ok := r.(interface {
		LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
	}); ok && network == "tcp4" {
		addrs, err := narrow.LookupNetIP(ctx, "ip4", host)
		for i := range addrs {
			addrs[i] = addrs[i].Unmap()
		}
		return ofFamily(network, addrs...), err
	}
	ips, err := r.LookupIPAddr(ctx, host)
	if err != nil {
		return nil, err
	}
	var addrs []netip.Addr
	for _, ip := range ips {
		if a, ok := netip.AddrFromSlice(ip.IP); ok {
			addrs = append(addrs, a.Unmap().WithZone(ip.Zone))
		}
	}
	return ofFamily(network, addrs...), nil
}

func ofFamily(network string, addrs ...netip.Addr) (those []netip.Addr) {
	for _, a := range addrs {
		if network == "tcp" || a.Is4() == (network == "tcp4") {
			those = append(those, a)
		}
	}
	return those
}

// hostPort returns target for a function of net, to which an empty host is this
// machine.
func hostPort(target netip.AddrPort) string {
	if !target.Addr().IsValid() {
		return ":" + strconv.Itoa(int(target.Port()))
	}
	return target.String()
}
