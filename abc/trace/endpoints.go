package trace

import (
	"net"
	"net/netip"
	"strconv"
)

// Endpoints are the addresses of a connection in the capture.
type endpoints struct{ local, remote netip.AddrPort }

// key is the same for both sides of a connection.
func (e endpoints) key() endpoints {
	if e.local.Compare(e.remote) > 0 {
		return endpoints{e.remote, e.local}
	}
	return e
}

// An addressBook gives each connection addresses that no other has, because
// that is what Wireshark tells connections apart by: those of the stream, if it
// has some and nobody else had them. Both ends of a connection may be recorded,
// and a layer and what it stands on.
type addressBook struct {
	used map[endpoints]bool // whether the connection is open
	most int                // when there are so many, those that are not are forgotten
	made int
}

func newAddressBook() addressBook {
	return addressBook{used: make(map[endpoints]bool), most: leastForgotten}
}

// leastForgotten is how many connections are remembered at least.
const leastForgotten = 1 << 16

// Ports for those who have none. They mean nothing to a dissector.
const (
	anyClientPort = 49152
	anyServerPort = 49151
)

func (b *addressBook) choose(s *subject) endpoints {
	localPort, remotePort := uint16(anyClientPort), uint16(anyServerPort)
	if s.parent != nil {
		localPort, remotePort = remotePort, localPort
	}
	e := endpoints{parse(s.local, localPort), parse(s.remote, remotePort)}
	if !e.local.IsValid() || !e.remote.IsValid() || e.local.Addr().Is6() != e.remote.Addr().Is6() || b.isUsed(e) {
		e = b.make(e.local.Port(), e.remote.Port())
	}
	if len(b.used) >= b.most {
		b.forget()
	}
	b.used[e.key()] = true
	return e
}

func (b *addressBook) isUsed(e endpoints) bool {
	_, used := b.used[e.key()]
	return used || e.local == e.remote
}

// make makes addresses of those that RFC 2544 sets apart for benchmarks. There
// are 65536 of them for each port of this side.
func (b *addressBook) make(localPort, remotePort uint16) endpoints {
	for {
		hi, lo, port := byte(b.made>>8), byte(b.made), localPort+uint16(b.made>>16)
		b.made++
		e := endpoints{
			netip.AddrPortFrom(netip.AddrFrom4([4]byte{198, 18, hi, lo}), port),
			netip.AddrPortFrom(netip.AddrFrom4([4]byte{198, 19, hi, lo}), remotePort),
		}
		if !b.isUsed(e) {
			return e
		}
	}
}

// release says that the connection has ended.
func (b *addressBook) release(e endpoints) {
	if _, ok := b.used[e.key()]; ok {
		b.used[e.key()] = false
	}
}

// forget makes room by forgetting connections that have ended.
func (b *addressBook) forget() {
	for key, open := range b.used {
		if !open {
			delete(b.used, key)
		}
	}
	b.most = max(leastForgotten, 2*len(b.used))
}

// parse returns the address and port of a, with a zero Addr if that is no IP
// address, and with port if it has none.
func parse(a net.Addr, port uint16) netip.AddrPort {
	if a == nil {
		return netip.AddrPortFrom(netip.Addr{}, port)
	}
	host, service, err := net.SplitHostPort(a.String())
	if err != nil {
		return netip.AddrPortFrom(netip.Addr{}, port)
	}
	if n, err := strconv.ParseUint(service, 10, 16); err == nil && n > 0 {
		port = uint16(n)
	}
	ip, err := netip.ParseAddr(host)
	if err != nil || ip.IsUnspecified() {
		ip = netip.Addr{}
	}
	return netip.AddrPortFrom(ip.Unmap().WithZone(""), port)
}
