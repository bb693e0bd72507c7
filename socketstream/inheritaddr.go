package socketstream

import (
	"context"
	"fmt"
	"net"
	"os"
)

// inherit makes a listener of f, if that listens at address on network.
func inherit(ctx context.Context, f *os.File, r Resolver, network, address string) (net.Listener, error) {
	ln, err := listenFile(f)
	if err != nil {
		return nil, fmt.Errorf("inherited %s: %w", f.Name(), err)
	}
	at := ln.Addr()
	ok, err := isAt(ctx, r, at, network, address)
	if err == nil && !ok {
		err = fmt.Errorf("inherited %s listens at %s %s, not at %s %s", f.Name(), at.Network(), at, network, address)
	}
	if err != nil {
		_ = ln.Close()
		return nil, err
	}
	return ln, nil
}

// isAt reports whether to listen at address on network could have made a socket
// at the address at. ctx bounds the resolution of the host's name.
func isAt(ctx context.Context, r Resolver, at net.Addr, network, address string) (bool, error) {
	tcp, ok := at.(*net.TCPAddr)
	if !ok {
		return network == at.Network() && (address == "" || address == at.String()), nil
	}
	is4 := tcp.IP.To4() != nil
	switch {
	case network == "unix", network == "tcp4" && !is4, network == "tcp6" && is4:
		return false, nil
	case address == "":
		return true, nil
	}
	targets, err := resolve(ctx, r, network, address)
	if err != nil {
		return false, err
	}
	for _, t := range targets {
		if t.Port() != 0 && int(t.Port()) != tcp.Port {
			break // all have the same
		}
		// The wildcard of either family may have become that of both.
		if wildcard := !t.Addr().IsValid() || t.Addr().IsUnspecified(); wildcard && tcp.IP.IsUnspecified() {
			return true, nil
		}
		if t.Addr() == tcp.AddrPort().Addr().Unmap() {
			return true, nil
		}
	}
	return false, nil
}
