package main

import (
	"context"
	"errors"
	"net"
	"os"
	"sync"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/bridge"
	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/listener"
	"github.com/tributary-go/tributary/memstream"
	"github.com/tributary-go/tributary/pipestream"
	"github.com/tributary-go/tributary/socketstream"
)

// overPairs makes a transport of a function that makes connected pairs.
func overPairs(pair func() (a, b abc.Stream, err error)) func(context.Context) (abc.Listener, dialer, error) {
	return func(context.Context) (abc.Listener, dialer, error) {
		q := &pairs{make: pair, waiting: make(chan abc.Stream), closed: make(chan struct{})}
		return listener.New(q, nil), q.dial, nil
	}
}

func netPipe() (a, b abc.Stream, err error) {
	x, y := net.Pipe()
	return socketstream.New(x), socketstream.New(y), nil
}

func pipes() (a, b abc.Stream, err error) {
	bIn, aOut, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	aIn, bOut, err := os.Pipe()
	if err != nil {
		return nil, nil, errors.Join(err, bIn.Close(), aOut.Close())
	}
	return pipestream.New(aOut, aIn), pipestream.New(bOut, bIn), nil
}

func stapled() (a, b abc.Stream, err error) {
	aSend, bReceive := memstream.OneWay(nil)
	bSend, aReceive := memstream.OneWay(nil)
	return abc.Staple(aSend, aReceive), abc.Staple(bSend, bReceive), nil
}

func roundTrip() (a, b abc.Stream, err error) {
	x, y := memstream.Pair(nil)
	return socketstream.New(bridge.Conn(x)), socketstream.New(bridge.Conn(y)), nil
}

// pairs is all that a custom transport has to write to be served: Accept and
// Close. listener.New makes a listener of it.
type pairs struct {
	make    func() (a, b abc.Stream, err error)
	waiting chan abc.Stream
	closed  chan struct{}
	once    sync.Once
}

func (q *pairs) dial(ctx context.Context) (abc.Stream, error) {
	a, b, err := q.make()
	if err != nil {
		return nil, err
	}
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
