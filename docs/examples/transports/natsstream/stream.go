package natsstream

import (
	"context"
	"io"
	"sync"
	"syscall"

	"github.com/nats-io/nats.go"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/closeutil"
)

// A Stream is one end of a connection. Make one with [Dial], or serve what
// [Listen] returns.
//
// A send and a receive may run at the same time, and Close at any time. A send
// returns when its last byte is in the stream's own buffer, which is never more
// than the peer has room for.
type Stream struct {
	nc    *nats.Conn
	opts  Options
	inbox *nats.Subscription

	sending, receiving abc.Guard
	closing            closeutil.Stack
	kicked             chan struct{} // there may be something to publish
	sendable           chan struct{} // what a send waits for may have come
	receivable         chan struct{}
	met                chan struct{} // the peer has answered
	closed             chan struct{} // Close was called
	settled            chan struct{} // nothing is left that a graceful Close waits for
	left               chan struct{} // nothing is published any more

	mu         sync.Mutex
	out        outgoing
	in         incoming
	peer       string // its inbox; of one that dials, the subject until it is met
	peerClosed bool
	silent     int   // ticks since something came from the peer
	err        error // why the connection is broken
	leaving    byte  // the flags of the last frame, once Close is done waiting
}

var _ abc.Stream = (*Stream)(nil)

// SendAll implements [abc.SendStream].
func (s *Stream) SendAll(ctx context.Context, p []byte) error {
	if err := s.sending.Enter(ctx); err != nil {
		return opError("send", 0, err)
	}
	defer s.sending.Leave()
	for sent := 0; ; {
		n, err := s.write(p[sent:])
		sent += n
		if err != nil || sent == len(p) {
			return opError("send", sent, err)
		}
		if err := s.wait(ctx, s.sendable); err != nil {
			return opError("send", sent, err)
		}
	}
}

func (s *Stream) write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.sending.Closed():
		return 0, abc.ErrClosed
	case s.err != nil:
		return 0, abc.Broken(s.err)
	case s.peerClosed:
		return 0, abc.Broken(syscall.EPIPE)
	}
	n := s.out.write(p)
	signal(s.kicked)
	return n, nil
}

// ReceiveSome implements [abc.ReceiveStream].
func (s *Stream) ReceiveSome(ctx context.Context, p []byte) (int, error) {
	if err := s.receiving.EnterReceive(ctx, p); err != nil {
		return 0, opError("receive", 0, err)
	}
	defer s.receiving.Leave()
	for {
		n, err := s.read(p)
		if n > 0 || err != nil {
			return n, opError("receive", 0, err)
		}
		if err := s.wait(ctx, s.receivable); err != nil {
			return 0, opError("receive", 0, err)
		}
	}
}

func (s *Stream) read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.receiving.Closed():
		return 0, abc.ErrClosed
	case s.in.unread.Len() > 0:
		n, _ := s.in.unread.Read(p)
		if s.in.due() {
			signal(s.kicked)
		}
		return n, nil
	case s.in.ended:
		return 0, io.EOF
	case s.err != nil:
		return 0, abc.Broken(s.err)
	}
	return 0, nil
}

func (s *Stream) wait(ctx context.Context, changed <-chan struct{}) error {
	select {
	case <-changed:
		return nil
	case <-ctx.Done():
		return abc.ContextErr(ctx)
	case <-s.closed:
		return abc.ErrClosed
	}
}

// SendEOF implements [abc.Stream]. It does not wait for the peer.
func (s *Stream) SendEOF(ctx context.Context) error {
	if err := s.sending.Enter(ctx); err != nil {
		if err == abc.ErrClosed && !s.receiving.Closed() {
			return nil // the end was sent before
		}
		return opError("send EOF", 0, err)
	}
	defer s.sending.Leave()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sending.Close()
	s.out.ended = true
	signal(s.kicked)
	return nil
}

// Close implements [abc.AsyncResource]. A graceful one waits until everything
// that was sent has arrived at the peer, whether its program received it or not.
func (s *Stream) Close(ctx context.Context) error {
	s.receiving.Close()
	s.sending.Close()
	return opError("close", 0, s.closing.Close(ctx))
}

// close is what Close does once.
func (s *Stream) close(ctx context.Context) error {
	close(s.closed)
	s.mu.Lock()
	s.out.ended = s.out.ended || ctx.Err() == nil // a forceful close is no end
	s.in.discards = true
	s.in.unread.Reset()
	s.mu.Unlock()
	signal(s.kicked)

	select {
	case <-s.settled:
	case <-ctx.Done():
	}
	err := s.leave(ctx)
	select { // a Publish that hangs is left to end on its own
	case <-s.left:
	case <-ctx.Done():
	}
	return err
}

// leave lets the last frame be published, and says what the end was like.
func (s *Stream) leave(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer signal(s.kicked)
	s.leaving = flagReset
	switch {
	case s.out.finished() || s.peerClosed:
		s.leaving = flagClosed
		return nil
	case s.err != nil:
		return abc.Broken(s.err)
	}
	return abc.ContextErr(ctx)
}

// signal wakes whoever waits for c, or will.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// opError puts err into an OpError, if there is one. A bare io.EOF stays bare.
func opError(op string, sent int, err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	return &abc.OpError{Op: op, Transport: "natsstream", Sent: sent, Err: err}
}
