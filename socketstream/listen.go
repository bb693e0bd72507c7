package socketstream

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"strings"
	"syscall"
)

// maxBacklog is where a larger Backlog ends: the kernels that keep it in 16 bits
// would take 65536 for 0.
const maxBacklog = 1<<16 - 1

// portTries is how often a port is looked for that is free at all addresses.
const portTries = 10

func (o *ListenOptions) check() {
	checkLinger(o.Linger)
	if o.Backlog < 0 {
		panic(fmt.Sprintf("socketstream: Backlog is %d; it must not be negative", o.Backlog))
	}
	if o.Mode&^fs.ModePerm != 0 {
		panic(fmt.Sprintf("socketstream: Mode is %v; it must be permissions only", o.Mode))
	}
}

func (o *ListenOptions) listen(ctx context.Context, network, address string) ([]net.Listener, error) {
	var ln net.Listener
	var err error
	switch {
	case o.File != nil:
		ln, err = inherit(ctx, o.File, o.Resolver, network, address)
	case network != "unix" && o.Mode != 0:
		err = fmt.Errorf("%w: Mode, for network %q", errors.ErrUnsupported, network)
	case network != "unix":
		return o.listenTCP(ctx, network, address)
	case o.ReusePort:
		err = fmt.Errorf("%w: ReusePort, for network %q", errors.ErrUnsupported, network)
	case o.Mode != 0 && !isPath(address):
		err = fmt.Errorf("%w: Mode, for %q, which is not a path", errors.ErrUnsupported, address)
	default:
		ln, err = o.listenUnix(ctx, address)
	}
	if err != nil {
		return nil, err
	}
	return []net.Listener{ln}, nil
}

// isPath reports whether the address of a Unix socket is a path, and not a name
// in the abstract namespace or one that the system is to choose there.
func isPath(address string) bool { return address != "" && !strings.HasPrefix(address, "@") }

func (o *ListenOptions) listenTCP(ctx context.Context, network, address string) ([]net.Listener, error) {
	if address == "" {
		address = ":0"
	}
	targets, err := resolve(ctx, o.Resolver, network, address)
	if err != nil {
		return nil, err
	}
	if len(targets) == 1 {
		// By its own network, so that the wildcard may be that of both families.
		ln, err := o.listenAt(ctx, network, targets[0])
		return []net.Listener{ln}, err
	}
	var inUseErr error
	for try := range portTries {
		// Another address chooses the port each time: one may have few left.
		lns, err := o.listenAtAll(ctx, address, targets, try%len(targets))
		if err == nil || targets[0].Port() != 0 || !isAny(err, inUse) {
			return lns, err
		}
		inUseErr = err
	}
	return nil, fmt.Errorf("could not listen at the %d addresses of %s with the same port, in %d tries: %w",
		len(targets), address, portTries, inUseErr)
}

// listenAtAll listens at all targets with the same port, beginning with that of
// an index. If it fails it leaves nothing open.
func (o *ListenOptions) listenAtAll(ctx context.Context, address string, targets []netip.AddrPort, first int) (_ []net.Listener, err error) {
	all := make([]net.Listener, len(targets)) // nil where the family is missing
	defer func() {
		if err != nil {
			closeListeners(all)
		}
	}()
	port := targets[0].Port()
	missing := &attemptsError{address: address, of: len(targets)}
	for i := range targets {
		at := (first + i) % len(targets)
		host := targets[at].Addr()
		network := "tcp6"
		if host.Is4() {
			network = "tcp4"
		}
		ln, err := o.listenAt(ctx, network, netip.AddrPortFrom(host, port))
		switch {
		case err == nil:
			all[at] = ln
			port = ln.Addr().(*net.TCPAddr).AddrPort().Port()
		case isAny(err, noFamily), host.IsLoopback() && isAny(err, noAddress): // every family has a loopback address
			missing.failures = append(missing.failures, err)
		default:
			return nil, err
		}
	}
	var lns []net.Listener
	for _, ln := range all {
		if ln != nil {
			lns = append(lns, ln)
		}
	}
	if len(lns) == 0 {
		return nil, missing
	}
	return lns, nil
}

func closeListeners(lns []net.Listener) {
	for _, ln := range lns {
		if ln != nil {
			_ = ln.Close()
		}
	}
}

func (o *ListenOptions) listenAt(ctx context.Context, network string, target netip.AddrPort) (net.Listener, error) {
	lc := net.ListenConfig{Control: o.Control}
	if o.ReusePort {
		lc.Control = func(network, address string, c syscall.RawConn) error {
			if err := setReusePort(c); err != nil {
				return err
			}
			if o.Control == nil {
				return nil
			}
			return o.Control(network, address, c)
		}
	}
	ln, err := lc.Listen(ctx, network, hostPort(target))
	if err != nil {
		return nil, err
	}
	if o.Backlog != 0 {
		if err := o.setBacklog(ln); err != nil {
			_ = ln.Close()
			return nil, err
		}
	}
	return ln, nil
}

// setBacklog is for a socket that listens already: package net has no option
// for its backlog, and to listen again changes it.
func (o *ListenOptions) setBacklog(ln net.Listener) error {
	raw, err := ln.(syscall.Conn).SyscallConn()
	if err != nil {
		return err
	}
	var listenErr error
	if err := raw.Control(func(fd uintptr) { listenErr = listenAgain(fd, min(o.Backlog, maxBacklog)) }); err != nil {
		return err
	}
	return listenErr
}

func isAny(err error, targets []error) bool {
	for _, t := range targets {
		if errors.Is(err, t) {
			return true
		}
	}
	return false
}
