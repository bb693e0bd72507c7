package main

import (
	"context"
	"crypto/tls"
	"os"
	"path/filepath"
	"time"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/internal/selfsigned"
	"github.com/tributary-go/tributary/memstream"
	"github.com/tributary-go/tributary/socketstream"
	"github.com/tributary-go/tributary/tlsstream"
)

type dialer func(context.Context) (abc.Stream, error)

// A transport is a name, and a way to serve and to call.
type transport struct {
	name string
	open func(context.Context) (abc.Listener, dialer, error)
}

func transports() []transport {
	memory := func(capacity int) func(context.Context) (abc.Listener, dialer, error) {
		return func(context.Context) (abc.Listener, dialer, error) {
			l := memstream.NewListener(&memstream.Options{Capacity: capacity})
			return l, func(ctx context.Context) (abc.Stream, error) { return l.Dial(ctx) }, nil
		}
	}
	const v12, v13 = tls.VersionTLS12, tls.VersionTLS13
	return []transport{
		{"memory", memory(0)},
		{"memory, 1 byte", memory(1)},
		{"memory, lockstep", memory(memstream.Lockstep)},
		{"memory, unbounded", memory(memstream.Unbounded)},
		{"a network in memory, 1 ms away", overNetwork},
		{"TCP", overTCP},
		{"Unix socket", overUnix},
		{"net.Pipe", overPairs(netPipe)},
		{"two pipes of the system", overPairs(pipes)},
		{"TLS 1.3 over memory", overTLS(memory(0), v13)},
		{"TLS 1.2 over memory", overTLS(memory(0), v12)},
		{"TLS 1.3 over lockstep", overTLS(memory(memstream.Lockstep), v13)},
		{"TLS 1.3 over TCP", overTLS(overTCP, v13)},
		{"TLS 1.2 over TCP", overTLS(overTCP, v12)},
		{"TLS 1.3 over TLS 1.3 over TCP", overTLS(overTLS(overTCP, v13), v13)},
		{"two stapled one-way streams", overPairs(stapled)},
		{"memory as net.Conn and back", overPairs(roundTrip)},
	}
}

func overNetwork(ctx context.Context) (abc.Listener, dialer, error) {
	n := memstream.NewNetwork(&memstream.NetworkOptions{Link: memstream.Link{Latency: time.Millisecond}})
	client := n.Host("client")
	l, err := n.Host("server").Listen(ctx, ":80", nil)
	if err != nil {
		return nil, nil, err
	}
	return l, func(ctx context.Context) (abc.Stream, error) { return client.Dial(ctx, "server:80") }, nil
}

func overTCP(ctx context.Context) (abc.Listener, dialer, error) {
	l, err := socketstream.Listen(ctx, "tcp", "127.0.0.1:0", nil)
	if err != nil {
		return nil, nil, err
	}
	return l, func(ctx context.Context) (abc.Stream, error) {
		return socketstream.Dial(ctx, "tcp", l.Addr().String(), nil)
	}, nil
}

func overUnix(ctx context.Context) (abc.Listener, dialer, error) {
	dir, err := os.MkdirTemp("", "tour")
	if err != nil {
		return nil, nil, err
	}
	l, err := socketstream.Listen(ctx, "unix", filepath.Join(dir, "s"), nil)
	if err != nil {
		os.RemoveAll(dir)
		return nil, nil, err
	}
	return &withCleanup{l, func() { os.RemoveAll(dir) }}, func(ctx context.Context) (abc.Stream, error) {
		return socketstream.Dial(ctx, "unix", l.Addr().String(), nil)
	}, nil
}

// withCleanup does something after a listener was closed.
type withCleanup struct {
	abc.Listener
	cleanup func()
}

func (w *withCleanup) Close(ctx context.Context) error {
	defer w.cleanup()
	return w.Listener.Close(ctx)
}

// overTLS puts TLS on any transport, another TLS included.
func overTLS(below func(context.Context) (abc.Listener, dialer, error), version uint16) func(context.Context) (abc.Listener, dialer, error) {
	return func(ctx context.Context) (abc.Listener, dialer, error) {
		l, dial, err := below(ctx)
		if err != nil {
			return nil, nil, err
		}
		return tlsstream.NewListener(l, selfsigned.Server(version), nil), func(ctx context.Context) (abc.Stream, error) {
			s, err := dial(ctx)
			if err != nil {
				return nil, err
			}
			return tlsstream.Client(s, selfsigned.Client(version), nil), nil
		}, nil
	}
}
