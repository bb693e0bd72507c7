package memstream

import (
	"context"
	"net"

	"github.com/tributary-go/tributary/abc"
)

// Dial connects to a listener at "host:port" in the same network. "localhost",
// "127.0.0.1", "0.0.0.0", the same of IPv6, and nothing are this host.
//
// It takes a round trip, and blocks longer while the address does not answer:
// because of a fault, because its host is down, or because the listener's
// backlog is full. It goes on when that is over, and ends when ctx is done or
// after [NetworkOptions.Timeout]. ctx has no effect on the connection
// afterwards.
//
// The error matches its cause: a *net.DNSError for a host that does not exist,
// syscall.ECONNREFUSED where nobody listens, syscall.ETIMEDOUT,
// syscall.EHOSTUNREACH after [Network.Unroute], syscall.ENETUNREACH while this
// host is down, syscall.EADDRNOTAVAIL if it has no port left.
func (h *Host) Dial(ctx context.Context, address string) (*Conn, error) {
	remote, err := parseHostPort(address)
	if err != nil {
		return nil, opError("dial", 0, netError("dial", nil, err))
	}
	if remote.host == localhost || remote.host == anyHost {
		remote.host = h.name
	}
	h.net.mu.Lock()
	defer h.net.mu.Unlock()
	c, err := h.dial(ctx, remote)
	if ctx.Err() != nil && c == nil {
		return nil, opError("dial", 0, abc.ContextErr(ctx))
	}
	if err != nil {
		return nil, opError("dial", 0, netError("dial", remote, err))
	}
	return c, nil
}

// dial returns neither a connection nor an error if ctx is done.
func (h *Host) dial(ctx context.Context, remote hostPort) (*Conn, error) {
	if ctx.Err() != nil {
		return nil, nil
	}
	n := h.net
	to := n.hosts[remote.host]
	if to == nil {
		return nil, &net.DNSError{Err: "no such host", Name: remote.host, IsNotFound: true}
	}
	var w waiter
	n.waiting[&w] = struct{}{}
	defer delete(n.waiting, &w)
	there, back := n.link(h.name, to.name), n.link(to.name, h.name)
	deadline := never
	if n.opts.Timeout > 0 {
		deadline = n.now() + n.opts.Timeout
	}
	answer := never // when it comes
	for cuts := -1; ; {
		now := n.now()
		if k := there.cuts + back.cuts + to.crashes; k != cuts {
			cuts, answer = k, never // what was on its way is lost
		}
		switch {
		case h.down:
			return nil, errNoNetwork
		case there.fault == faultUnroutable:
			return nil, errNoHost
		case to.down || there.fault == faultPartitioned || back.fault == faultPartitioned:
		case answer == never:
			answer = there.depart(now, 0, h.chance.Uint64)
			answer = back.depart(answer, 0, h.chance.Uint64)
			continue
		case answer <= now:
			l := to.listeners[remote.port]
			if l == nil || l.local && h != to {
				return nil, errRefused
			}
			if l.forget(); len(l.backlog) < l.limit {
				return h.connect(l, remote)
			}
		}
		if deadline <= now {
			return nil, errDialTimeout
		}
		until := deadline
		if answer > now {
			until = min(until, answer)
		}
		if !w.wait(ctx, n, until) {
			return nil, nil
		}
	}
}

func (h *Host) connect(l *acceptor, remote hostPort) (*Conn, error) {
	port := h.ephemeral()
	if port == 0 {
		return nil, errPortsUsedUp
	}
	c := h.net.connect(h, l.host, hostPort{h.name, port}, remote)
	l.backlog = append(l.backlog, c.peer)
	l.wake()
	return c, nil
}
