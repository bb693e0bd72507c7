package abctest_test

import (
	"context"
	"errors"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/memstream"
)

// honest is the stream that the faulty ones are made of.
func honest() (a, b abc.Stream) { return memstream.Pair(&memstream.Options{Capacity: 1 << 10}) }

// clogged is honest, with no room left from a to b.
func clogged() (a, b abc.Stream) {
	a, b = memstream.Pair(&memstream.Options{Capacity: 4})
	if err := a.SendAll(context.Background(), []byte("full")); err != nil {
		panic(err)
	}
	return a, b
}

// hooked is a stream some of whose methods are others.
type hooked struct {
	abc.Stream
	send    func(ctx context.Context, p []byte) error
	receive func(ctx context.Context, p []byte) (int, error)
	sendEOF func(ctx context.Context) error
	close   func(ctx context.Context) error

	// One of these, each of which makes it one more interface, or all of them.
	wait     func(ctx context.Context) error
	vector   func(ctx context.Context, bufs [][]byte) error
	copyFrom func(ctx context.Context, src abc.ReceiveStream) (int64, error)
	canEnd   func() bool

	receivable func(ctx context.Context) error
}

// stream returns s with the optional interface that it has.
func (s *hooked) stream() abc.Stream {
	switch {
	case s.wait != nil && s.vector != nil && s.copyFrom != nil:
		return hookedAll{s, hookedWaiter{s}, hookedVectorSender{s}, hookedCopier{s}}
	case s.wait != nil:
		return hookedWaiter{s}
	case s.vector != nil:
		return hookedVectorSender{s}
	case s.copyFrom != nil:
		return hookedCopier{s}
	case s.canEnd != nil:
		return hookedHalfCloser{s}
	case s.receivable != nil:
		return hookedReceiveWaiter{s}
	}
	return s
}

type (
	hookedWaiter        struct{ *hooked }
	hookedVectorSender  struct{ *hooked }
	hookedCopier        struct{ *hooked }
	hookedHalfCloser    struct{ *hooked }
	hookedReceiveWaiter struct{ *hooked }

	hookedAll struct {
		*hooked
		abc.SendWaiter
		abc.VectorSender
		abc.CopierFrom
	}
)

func (s hookedWaiter) WaitSendable(ctx context.Context) error { return s.wait(ctx) }

func (s hookedVectorSender) SendVector(ctx context.Context, bufs [][]byte) error {
	return s.vector(ctx, bufs)
}

func (s hookedCopier) CopyFrom(ctx context.Context, src abc.ReceiveStream) (int64, error) {
	return s.copyFrom(ctx, src)
}

func (s hookedHalfCloser) CanSendEOF() bool { return s.canEnd() }

func (s hookedReceiveWaiter) WaitReceivable(ctx context.Context) error { return s.receivable(ctx) }

func (s *hooked) Unwrap() abc.AsyncResource { return s.Stream }

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

// waitBelow is the WaitSendable of what s is made of.
func (s *hooked) waitBelow(ctx context.Context) error { return abc.WaitSendable(ctx, s.Stream) }

// receivableBelow is the WaitReceivable of what s is made of, which returns at
// once.
func (s *hooked) receivableBelow(ctx context.Context) error {
	return abc.WaitReceivable(ctx, s.Stream)
}

func fail(err error) error { return &abc.OpError{Op: "test", Transport: "faulty", Err: err} }

// A reaction makes another error of one, perhaps later.
type reaction func(ctx context.Context, err error) error

// becomes is the reaction that reports another error.
func becomes(other error) reaction {
	return func(context.Context, error) error { return fail(other) }
}

// isHidden is the reaction that reports none.
func isHidden(context.Context, error) error { return nil }

// isMissed is the reaction of an operation that does not notice the error,
// until its context ends.
func isMissed(ctx context.Context, _ error) error {
	<-ctx.Done()
	return fail(abc.ContextErr(ctx))
}

func (react reaction) to(target error, ctx context.Context, err error) error {
	if errors.Is(err, target) {
		return react(ctx, err)
	}
	return err
}

// onSend makes a send react to target.
func (s *hooked) onSend(target error, react reaction) {
	s.send = func(ctx context.Context, p []byte) error {
		return react.to(target, ctx, s.Stream.SendAll(ctx, p))
	}
}

// onReceive makes a receive react to target.
func (s *hooked) onReceive(target error, react reaction) {
	s.receive = func(ctx context.Context, p []byte) (int, error) {
		n, err := s.Stream.ReceiveSome(ctx, p)
		return n, react.to(target, ctx, err)
	}
}

// onWait makes a WaitSendable react to target.
func (s *hooked) onWait(target error, react reaction) {
	s.wait = func(ctx context.Context) error { return react.to(target, ctx, s.waitBelow(ctx)) }
}

// onSendEOF makes a SendEOF react to target.
func (s *hooked) onSendEOF(target error, react reaction) {
	s.sendEOF = func(ctx context.Context) error { return react.to(target, ctx, s.Stream.SendEOF(ctx)) }
}
