package main

import (
	"context"
	"crypto/tls"
	"io/fs"
	"log/slog"
	"strconv"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/listener"
	"github.com/tributary-go/tributary/memstream"
	"github.com/tributary-go/tributary/socketstream"
	"github.com/tributary-go/tributary/tlsstream"
)

// A network opens addresses. It knows the names of those in memory.
type network struct {
	*options
	log    *slog.Logger
	memory map[string]*memstream.Listener
	opened []string // where it listens, with the ports that were free
}

// listen listens at a for max connections at a time.
func (n *network) listen(a address, max int) (abc.Listener, error) {
	switch a.scheme {
	case "-", "exec":
		return n.listenOnce(a)
	case "tcp":
		return n.listenSocket("tcp", a, &socketstream.ListenOptions{MaxConns: max, Logger: n.log}, a.allow())
	case "unix":
		mode, err := socketMode(a)
		return n.listenSocket("unix", a, &socketstream.ListenOptions{MaxConns: max, Logger: n.log, Mode: mode}, err)
	case "tls":
		cfg, err := serverTLS(a)
		l, err := n.listenSocket("tcp", a, &socketstream.ListenOptions{MaxConns: max, Logger: n.log}, err)
		if err != nil {
			return nil, err
		}
		return n.overTLS(l, cfg), nil
	default: // mem
		if n.memory[a.target] != nil {
			return nil, badInput("%s: there are two to listen", a)
		}
		l := memstream.NewListener(nil)
		n.memory[a.target] = l
		return l, a.allow()
	}
}

func (n *network) listenSocket(network string, a address, opts *socketstream.ListenOptions, err error) (abc.Listener, error) {
	if err != nil {
		return nil, err
	}
	l, err := socketstream.Listen(context.Background(), network, a.target, opts)
	if err != nil {
		return nil, badInput("cannot listen at %s: %w", a, err)
	}
	for _, addr := range l.Addrs() {
		n.opened = append(n.opened, a.scheme+"://"+addr.String())
	}
	return l, nil
}

func (n *network) overTLS(l abc.Listener, cfg *tls.Config) abc.Listener {
	return tlsstream.NewListener(l, cfg, &tlsstream.Options{
		HandshakeTimeout: n.timeout,
		OnHandshakeError: func(_ context.Context, transport abc.Stream, err error) {
			n.log.Warn("no TLS handshake", "peer", peerOf(transport), "error", err)
		},
	})
}

func socketMode(a address) (fs.FileMode, error) {
	text := a.param("mode")
	if text == "" {
		return 0, a.allow("mode")
	}
	mode, err := strconv.ParseUint(text, 8, 32)
	if err != nil || mode == 0 || mode > 0o777 {
		return 0, badInput("%s: mode %q is no permissions, such as 660", a, text)
	}
	return fs.FileMode(mode), a.allow("mode")
}

// listenOnce makes a listener of an address that is one connection.
func (n *network) listenOnce(a address) (abc.Listener, error) {
	connect, err := n.connector(a)
	if err != nil {
		return nil, err
	}
	return listener.New(&single{connect: connect, closed: make(chan struct{})}, &listener.Options{Logger: n.log}), nil
}

// A single accepts the one connection that connect makes.
type single struct {
	connect connector
	taken   bool
	closed  chan struct{}
}

func (s *single) Accept(ctx context.Context) (abc.Stream, error) {
	if !s.taken {
		stream, err := s.connect(context.WithoutCancel(ctx))
		s.taken = err == nil
		return stream, err
	}
	select {
	case <-s.closed:
		return nil, abc.ErrClosed
	case <-ctx.Done():
		return nil, abc.ContextErr(ctx)
	}
}

func (s *single) Close(context.Context) error {
	close(s.closed)
	return nil
}

// peerOf names the peer for the log.
func peerOf(s abc.Stream) string {
	if a, ok := abc.As[abc.Addressed](s); ok && a.RemoteAddr() != nil {
		if name := a.RemoteAddr().String(); name != "" && name != "@" {
			return name
		}
	}
	return "-"
}
