package fault

import (
	"context"
	"io"
	"sync"

	"github.com/tributary-go/tributary/abc"
)

// A Stream is a stream with a fault. The functions of this package make it,
// its zero value is of no use.
//
// A send and a receive may run at the same time, and Close at any time. Its
// operations block on the stream below and on what the fault does.
type Stream struct {
	below     abc.Stream
	out, in   gate
	sending   abc.Guard // closed by Close and SendEOF
	receiving abc.Guard // closed by Close
	ended     bool      // the receiver got io.EOF; only inside receiving

	// For some faults only.
	receive    func(ctx context.Context, p []byte) (int, error) // instead of below's
	explain    func(err error) error                            // why below failed, nil if err says it
	background sync.WaitGroup                                   // what Close waits for

	closing sync.Once
	closed  chan struct{}
}

var (
	_ abc.Stream    = (*Stream)(nil)
	_ abc.Unwrapper = (*Stream)(nil)
)

// wrap returns a Stream on s that has no fault yet.
func wrap(s abc.Stream) *Stream {
	if s == nil {
		panic("fault: a nil stream")
	}
	return &Stream{
		below:   s,
		out:     open{},
		in:      open{},
		receive: s.ReceiveSome,
		explain: func(error) error { return nil },
		closed:  make(chan struct{}),
	}
}

// SendAll implements [abc.SendStream]. Sent in its error is exact where it is
// exact in those of the stream below.
func (s *Stream) SendAll(ctx context.Context, p []byte) error {
	if err := s.sending.Enter(ctx); err != nil {
		return opError("send", 0, err)
	}
	defer s.sending.Leave()
	for sent := 0; ; {
		n, err := s.out.allow(ctx, len(p)-sent)
		if err != nil {
			return opError("send", sent, err)
		}
		if err := s.below.SendAll(ctx, p[sent:sent+n]); err != nil {
			took := abc.Sent(err)
			s.out.passed(max(took, 0))
			if took >= 0 {
				took += sent
			}
			return s.failure("send", took, err)
		}
		s.out.passed(n)
		if sent += n; sent == len(p) {
			return nil
		}
	}
}

// ReceiveSome implements [abc.ReceiveStream].
func (s *Stream) ReceiveSome(ctx context.Context, p []byte) (int, error) {
	if err := s.receiving.EnterReceive(ctx, p); err != nil {
		return 0, opError("receive", 0, err)
	}
	defer s.receiving.Leave()
	if s.ended { // and stays so, whatever happens to the connection
		return 0, io.EOF
	}
	n, err := s.in.allow(ctx, len(p))
	if err != nil {
		return 0, opError("receive", 0, err)
	}
	n, err = s.receive(ctx, p[:n])
	if err != nil {
		err = s.failure("receive", 0, err)
		s.ended = err == io.EOF
		return 0, err
	}
	s.in.passed(n)
	return n, nil
}

// SendEOF implements [abc.Stream].
func (s *Stream) SendEOF(ctx context.Context) error {
	if err := s.sending.Enter(ctx); err != nil {
		if err == abc.ErrClosed && !s.isClosed() {
			return nil // ended before
		}
		return opError("send EOF", 0, err)
	}
	defer s.sending.Leave()
	if _, err := s.out.allow(ctx, 0); err != nil {
		return opError("send EOF", 0, err)
	}
	if err := s.below.SendEOF(ctx); err != nil {
		return s.failure("send EOF", 0, err)
	}
	s.sending.Close()
	return nil
}

// Close implements [abc.AsyncResource]. It closes the stream below, and blocks
// as that does.
func (s *Stream) Close(ctx context.Context) error {
	s.sending.Close()
	s.receiving.Close()
	s.closing.Do(func() { close(s.closed) })
	err := s.below.Close(ctx)
	s.background.Wait() // not for long: below is closed
	return err
}

// Unwrap implements [abc.Unwrapper].
func (s *Stream) Unwrap() abc.AsyncResource { return s.below }

func (s *Stream) isClosed() bool { return s.receiving.Closed() }

// failure returns the error of an operation that failed below with err.
func (s *Stream) failure(op string, sent int, err error) error {
	if why := s.explain(err); why != nil {
		return opError(op, sent, why)
	}
	return withSent(err, sent)
}
