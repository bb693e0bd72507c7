package main

import (
	"context"
	"crypto/tls"
	"net"
	"os"
	"path/filepath"
	"sync"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/bridge"
	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/internal/selfsigned"
	"github.com/tributary-go/tributary/listener"
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
		{"TCP", overTCP},
		{"Unix socket", overUnix},
		{"net.Pipe", overPairs(netPipe)},
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

// overPairs makes a transport of a function that makes connected pairs.
func overPairs(pair func() (a, b abc.Stream)) func(context.Context) (abc.Listener, dialer, error) {
	return func(context.Context) (abc.Listener, dialer, error) {
		q := &pairs{make: pair, waiting: make(chan abc.Stream), closed: make(chan struct{})}
		return listener.New(q, nil), q.dial, nil
	}
}

func netPipe() (a, b abc.Stream) {
	x, y := net.Pipe()
	return socketstream.New(x), socketstream.New(y)
}

func stapled() (a, b abc.Stream) {
	aSend, bReceive := memstream.OneWay(nil)
	bSend, aReceive := memstream.OneWay(nil)
	return abc.Staple(aSend, aReceive), abc.Staple(bSend, bReceive)
}

func roundTrip() (a, b abc.Stream) {
	x, y := memstream.Pair(nil)
	return socketstream.New(bridge.Conn(x)), socketstream.New(bridge.Conn(y))
}

// pairs is all that a custom transport has to write to be served: Accept and
// Close. listener.New makes a listener of it.
type pairs struct {
	make    func() (a, b abc.Stream)
	waiting chan abc.Stream
	closed  chan struct{}
	once    sync.Once
}

func (q *pairs) dial(ctx context.Context) (abc.Stream, error) {
	a, b := q.make()
	var err error
	select {
	case q.waiting <- b:
		return a, nil
	case <-ctx.Done():
		err = ctx.Err()
	case <-q.closed:
		err = abc.ErrClosed
	}
	closeutil.CloseForcefully(a)
	closeutil.CloseForcefully(b)
	return nil, err
}

// Accept implements listener.Acceptor.
func (q *pairs) Accept(ctx context.Context) (abc.Stream, error) {
	select {
	case s := <-q.waiting:
		return s, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-q.closed:
		return nil, abc.ErrClosed
	}
}

// Close implements listener.Acceptor.
func (q *pairs) Close(context.Context) error {
	q.once.Do(func() { close(q.closed) })
	return nil
}
