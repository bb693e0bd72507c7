package happyeyeballs

import "net/netip"

// Interleave returns addrs so that IPv6 and IPv4 alternate for as long as there
// are both, without those that are in it for the second time: RFC 8305,
// section 4, with a First Address Family Count of 1. The family of the first
// one is first, and within a family the order stays: whoever made the list,
// the resolver, knows more about the addresses than we do.
func Interleave(addrs []netip.Addr) []netip.Addr {
	if len(addrs) < 2 {
		return addrs
	}
	var queues [2][]netip.Addr // of the first one's family, and of the other
	seen := make(map[netip.Addr]bool, len(addrs))
	for _, a := range addrs {
		if seen[a] {
			continue
		}
		seen[a] = true
		q := &queues[0]
		if a.Is4() != addrs[0].Is4() {
			q = &queues[1]
		}
		*q = append(*q, a)
	}
	mixed := make([]netip.Addr, 0, len(seen))
	for turn := 0; len(mixed) < len(seen); turn = 1 - turn {
		if q := &queues[turn]; len(*q) > 0 {
			mixed = append(mixed, (*q)[0])
			*q = (*q)[1:]
		}
	}
	return mixed
}
