package memstream

import (
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// NetworkOptions configure a [Network].
type NetworkOptions struct {
	// Seed decides what is random: jitter, and the ports of clients.
	Seed uint64

	// Link is what every two hosts are connected by, until [Network.SetLink]
	// says otherwise. The zero value is ideal, see [Link].
	Link Link

	// Timeout is how long a host waits for an answer before it gives up, with
	// syscall.ETIMEDOUT: a Dial that nobody answers, and a connection on which
	// something that was sent does not arrive, because of a fault or because the
	// peer's host is down. 0 is for ever, so that only contexts end the wait.
	// Systems have minutes for it.
	Timeout time.Duration
}

// A Network connects hosts in memory. Its links have latency, jitter and
// bandwidth, and they, the connections and the hosts can fail while they are
// used. Make one with [NewNetwork], and its hosts with [Network.Host]. All
// methods may be called at the same time; none of them blocks.
//
// What is connected behaves as TCP does. Bytes arrive in order, each once or
// not at all. A fault does not lose them but holds them up: what was sent and
// has not arrived is sent again when the fault is over. Acknowledgements are
// not modelled: they take no time, and no fault holds them up.
//
// There is nothing to close: a network has no goroutines, and a byte on its way
// is only a number that says when it is due. Time is that of package time.
// Inside testing/synctest it is virtual, and the network has to be made in the
// bubble where it is used.
//
// # Chance
//
// Two runs with one seed draw the same jitter for each connection and the same
// ports for the clients of each host, whatever the goroutines of other hosts
// do. Where goroutines act in one instant, the scheduler orders them as ever:
// several that dial from one host, or share the bandwidth of one link.
//
// # Names
//
// Methods take the names of hosts. They panic if there is no such host, because
// a fault that is nowhere makes a test pass, and if a host is named twice.
type Network struct {
	opts  NetworkOptions
	epoch time.Time

	// mu guards all that belongs to the network, so that a fault hits everything
	// in one instant. Nothing blocks under it.
	mu      sync.Mutex
	hosts   map[string]*Host
	links   map[route]*link
	conns   map[*Conn]struct{} // both ends of each, until both are closed
	made    int                // ends
	waiting map[*waiter]struct{}
}

// A route names a direction between two hosts.
type route struct{ from, to string }

// NewNetwork returns a network without hosts. A nil opts is for an ideal one.
// It panics if a number in opts is negative.
func NewNetwork(opts *NetworkOptions) *Network {
	n := &Network{
		epoch: time.Now(),
		hosts: map[string]*Host{}, links: map[route]*link{},
		conns: map[*Conn]struct{}{}, waiting: map[*waiter]struct{}{},
	}
	if opts != nil {
		n.opts = *opts
	}
	n.opts.Link.check()
	if n.opts.Timeout < 0 {
		panic(fmt.Sprintf("memstream: NetworkOptions.Timeout is %v; it must not be negative", n.opts.Timeout))
	}
	return n
}

// Host returns the host of a name, which it makes if there is none. The name
// may look like an IP address. It panics if the name is empty, or one that every
// host has for itself: "localhost", a loopback address, an unspecified one.
func (n *Network) Host(name string) *Host {
	if plain := plainHost(name); plain == anyHost || plain == localhost {
		panic(fmt.Sprintf("memstream: a host cannot be named %q", name))
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	h := n.hosts[name]
	if h == nil {
		h = &Host{net: n, name: name, listeners: map[int]*acceptor{}, ports: map[int]*Conn{}}
		h.chance = n.chance(name)
		n.hosts[name] = h
	}
	return h
}

// An instant is a time, as what has passed since the network was made.
type instant = time.Duration

const (
	never instant = math.MaxInt64 // it was not sent
	held  instant = never - 1     // it was sent and does not get through for now
)

func (n *Network) now() instant { return time.Since(n.epoch) }

// chance returns the random numbers for what has a name.
func (n *Network) chance(name string) *rand.PCG {
	h := fnv.New64a()
	h.Write([]byte(name))
	return rand.NewPCG(n.opts.Seed, h.Sum64())
}

// link returns one direction between two hosts.
func (n *Network) link(from, to string) *link {
	if from == to {
		return &link{} // a host always reaches itself
	}
	r := route{from, to}
	l := n.links[r]
	if l == nil {
		l = &link{Link: n.opts.Link}
		n.links[r] = l
	}
	return l
}

// pair checks the names of two hosts.
func (n *Network) pair(a, b string) {
	for _, name := range []string{a, b} {
		if n.hosts[name] == nil {
			panic(fmt.Sprintf("memstream: the network has no host %q", name))
		}
	}
	if a == b {
		panic(fmt.Sprintf("memstream: there is no link from %q to itself", a))
	}
}

// ends returns the ends of all connections, in the order of their making.
func (n *Network) ends() []*Conn {
	all := make([]*Conn, 0, len(n.conns))
	for c := range n.conns {
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b *Conn) int { return a.id - b.id })
	return all
}

// changed makes all that dial and accept look again.
func (n *Network) changed() {
	for w := range n.waiting {
		w.wake()
	}
}
