package memstream

import (
	"context"

	"github.com/tributary-go/tributary/abc"
)

// A Stream is one end of a connection in memory. [Pair] makes two.
//
// A send and a receive may run at the same time, and Close at any time. What
// was sent before the peer closed, gracefully or not, can still be received.
type Stream struct {
	in, out *pipe
}

var (
	_ abc.Stream       = (*Stream)(nil)
	_ abc.SendWaiter   = (*Stream)(nil)
	_ abc.VectorSender = (*Stream)(nil)
)

// Pair returns the two ends of a connection. A nil opts gives 64 KiB of buffer
// to each direction.
func Pair(opts *Options) (a, b *Stream) {
	// One allocation for all of it.
	p := &struct {
		ab, ba pipe
		a, b   Stream
	}{}
	p.ab.first = true
	p.ab.limit, p.ba.limit = opts.limit(), opts.limit()
	p.a = Stream{in: &p.ba, out: &p.ab}
	p.b = Stream{in: &p.ab, out: &p.ba}
	return &p.a, &p.b
}

// SendAll implements [abc.SendStream]. It blocks while the buffer is full; a
// send that fits is never torn. ErrBroken has io.ErrClosedPipe in its chain.
func (s *Stream) SendAll(ctx context.Context, p []byte) error {
	sent, err := s.out.send(ctx, p)
	return opError("send", sent, err)
}

// SendVector implements [abc.VectorSender].
func (s *Stream) SendVector(ctx context.Context, bufs [][]byte) error {
	sent, err := s.out.sendVector(ctx, bufs)
	return opError("send", sent, err)
}

// WaitSendable implements [abc.SendWaiter]: it blocks until there is room for
// at least one byte, or a receiver is waiting for one.
func (s *Stream) WaitSendable(ctx context.Context) error {
	return opError("wait sendable", 0, s.out.waitSendable(ctx))
}

// ReceiveSome implements [abc.ReceiveStream].
func (s *Stream) ReceiveSome(ctx context.Context, p []byte) (int, error) {
	n, err := s.in.receive(ctx, p)
	return n, opError("receive", 0, err)
}

// SendEOF implements [abc.Stream]. It does not block. It is nil also when the
// peer is gone.
func (s *Stream) SendEOF(ctx context.Context) error {
	return opError("send EOF", 0, s.out.sendEOF(ctx))
}

// Close implements [abc.AsyncResource]. There is nothing to wait for, so it
// does not block, graceful and forceful are the same, and it returns nil.
func (s *Stream) Close(context.Context) error {
	// Both under both locks: between two steps, what the peer does about the
	// first would reach our operations in the other direction.
	one, other := s.in, s.out
	if other.first {
		one, other = other, one
	}
	one.mu.Lock()
	defer one.mu.Unlock()
	other.mu.Lock()
	defer other.mu.Unlock()
	s.in.closeReceive()
	s.out.closeSend()
	return nil
}
