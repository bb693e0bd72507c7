package socketstream

import (
	"context"
	"fmt"
	"net"
	"os"
)

// inherit makes a listener of f, if that listens at address on network.
func inherit(ctx context.Context, f *os.File, network, address string) (net.Listener, error) {
	ln, err := listenFile(f)
	if err != nil {
		return nil, fmt.Errorf("inherited %s: %w", f.Name(), err)
	}
	at := ln.Addr()
	ok, err := isAt(ctx, at, network, address)
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
func isAt(ctx context.Context, at net.Addr, network, address string) (bool, error) {
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
	host, service, err := net.SplitHostPort(address)
	if err != nil {
		return false, err
	}
	port, err := net.DefaultResolver.LookupPort(ctx, network, service)
	if err != nil {
		return false, err
	}
	if port != 0 && port != tcp.Port {
		return false, nil
	}
	if host == "" {
		return tcp.IP.IsUnspecified(), nil
	}
	ips, err := net.DefaultResolver.LookupIPAddr(ctx, host)
	if err != nil {
		return false, err
	}
	for _, ip := range ips {
		// The wildcard of either family may have become that of both.
		if ip.IP.IsUnspecified() && tcp.IP.IsUnspecified() || ip.IP.Equal(tcp.IP) && ip.Zone == tcp.Zone {
			return true, nil
		}
	}
	return false, nil
}
