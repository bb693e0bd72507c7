package abctest_test

import (
	"context"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/memstream"
)

// honest is the stream that the faulty ones are made of.
func honest() (a, b abc.Stream) { return memstream.Pair(&memstream.Options{Capacity: 1 << 10}) }

// hooked is a stream some of whose methods are others.
type hooked struct {
	abc.Stream
	send    func(ctx context.Context, p []byte) error
	receive func(ctx context.Context, p []byte) (int, error)
	sendEOF func(ctx context.Context) error
	close   func(ctx context.Context) error
	wait    func(ctx context.Context) error // makes it an abc.SendWaiter
}

// stream returns s with the optional interfaces that it has.
func (s *hooked) stream() abc.Stream {
	if s.wait != nil {
		return hookedWaiter{s}
	}
	return s
}

type hookedWaiter struct{ *hooked }

func (s hookedWaiter) WaitSendable(ctx context.Context) error { return s.wait(ctx) }

func (s *hooked) SendAll(ctx context.Context, p []byte) error {
	if s.send != nil {
		return s.send(ctx, p)
	}
	return s.Stream.SendAll(ctx, p)
}

func (s *hooked) ReceiveSome(ctx context.Context, p []byte) (int, error) {
	if s.receive != nil {
		return s.receive(ctx, p)
	}
	return s.Stream.ReceiveSome(ctx, p)
}

func (s *hooked) SendEOF(ctx context.Context) error {
	if s.sendEOF != nil {
		return s.sendEOF(ctx)
	}
	return s.Stream.SendEOF(ctx)
}

func (s *hooked) Close(ctx context.Context) error {
	if s.close != nil {
		return s.close(ctx)
	}
	return s.Stream.Close(ctx)
}

func fail(err error) error { return &abc.OpError{Op: "test", Transport: "faulty", Err: err} }

// hookedListener is hooked for a listener.
type hookedListener struct {
	abc.Listener
	serve func(ctx context.Context, h abc.Handler) error
	close func(ctx context.Context) error
}

func (l *hookedListener) Serve(ctx context.Context, h abc.Handler) error {
	if l.serve != nil {
		return l.serve(ctx, h)
	}
	return l.Listener.Serve(ctx, h)
}

func (l *hookedListener) Close(ctx context.Context) error {
	if l.close != nil {
		return l.close(ctx)
	}
	return l.Listener.Close(ctx)
}

func honestListener() (abc.Listener, func(context.Context) (abc.Stream, error)) {
	l := memstream.NewListener(nil)
	return l, func(ctx context.Context) (abc.Stream, error) {
		s, err := l.Dial(ctx)
		if err != nil {
			return nil, err
		}
		return s, nil
	}
}
