package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"time"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/listener"
	"github.com/tributary-go/tributary/socketstream"
	"github.com/tributary-go/tributary/tlsstream"
)

type config struct {
	tcp, tls, unix string // where to listen, if at all
	cert, key      string
	grace          time.Duration
}

// listen returns one listener of all that c asks for, and where it listens.
func listen(ctx context.Context, c *config) (l abc.Listener, where []string, err error) {
	var secure *tls.Config
	if c.tls != "" {
		if secure, err = tlsConfig(c.cert, c.key); err != nil {
			return nil, nil, err
		}
	}
	var opened closeutil.Stack
	defer closeutil.CloseForcefully(&opened)
	var all []abc.Listener
	for _, at := range []struct {
		kind, network, address string
		secure                 *tls.Config
	}{
		{"TCP", "tcp", c.tcp, nil},
		{"TLS", "tcp", c.tls, secure},
		{"Unix", "unix", c.unix, nil},
	} {
		if at.address == "" {
			continue
		}
		// Somebody who types until the end should still read what comes last.
		socket, err := socketstream.Listen(ctx, at.network, at.address, &socketstream.ListenOptions{Linger: time.Second})
		if err != nil {
			return nil, nil, err
		}
		opened.Push(socket)
		where = append(where, fmt.Sprint(at.kind, " at ", socket.Addr()))
		if at.secure == nil {
			all = append(all, socket)
		} else {
			all = append(all, tlsstream.NewListener(socket, at.secure, nil))
		}
	}
	if len(all) == 0 {
		return nil, nil, errors.New("nowhere to listen: -tcp, -tls or -unix says where")
	}
	opened.Release()
	return listener.Join(all...), where, nil
}

// tlsConfig has a certificate that clients can accept today.
func tlsConfig(certFile, keyFile string) (*tls.Config, error) {
	if certFile == "" || keyFile == "" {
		return nil, errors.New("-tls needs -cert and -key")
	}
	cert, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return nil, fmt.Errorf("the certificate in %s with the key in %s: %w", certFile, keyFile, err)
	}
	if end := cert.Leaf.NotAfter; time.Now().After(end) {
		return nil, fmt.Errorf("the certificate in %s expired on %s", certFile, end.Format(time.DateOnly))
	}
	return &tls.Config{Certificates: []tls.Certificate{cert}}, nil
}
