package memstream

import (
	"context"

	"github.com/tributary-go/tributary/abc"
)

// A SendStream is the sending end of a [OneWay]. Close may be called at any
// time, from any goroutine; it ends the direction.
type SendStream struct{ out *pipe }

// A ReceiveStream is the receiving end of a [OneWay]. Close may be called at
// any time, from any goroutine.
type ReceiveStream struct{ in *pipe }

var (
	_ abc.SendStream    = (*SendStream)(nil)
	_ abc.SendWaiter    = (*SendStream)(nil)
	_ abc.VectorSender  = (*SendStream)(nil)
	_ abc.ReceiveStream = (*ReceiveStream)(nil)
)

// OneWay returns the two ends of a stream in one direction: bytes go from left
// to right. A nil opts gives it 64 KiB of buffer.
func OneWay(opts *Options) (*SendStream, *ReceiveStream) {
	p := &pipe{limit: opts.limit()}
	return &SendStream{p}, &ReceiveStream{p}
}

// SendAll implements [abc.SendStream], as [Stream.SendAll] does.
func (s *SendStream) SendAll(ctx context.Context, p []byte) error {
	sent, err := s.out.send(ctx, p)
	return opError("send", sent, err)
}

// SendVector implements [abc.VectorSender].
func (s *SendStream) SendVector(ctx context.Context, bufs [][]byte) error {
	sent, err := s.out.sendVector(ctx, bufs)
	return opError("send", sent, err)
}

// WaitSendable implements [abc.SendWaiter], as [Stream.WaitSendable] does.
func (s *SendStream) WaitSendable(ctx context.Context) error {
	return opError("wait sendable", 0, s.out.waitSendable(ctx))
}

// Close implements [abc.AsyncResource]. It does not block and returns nil.
func (s *SendStream) Close(context.Context) error {
	s.out.mu.Lock()
	defer s.out.mu.Unlock()
	s.out.closeSend()
	return nil
}

// ReceiveSome implements [abc.ReceiveStream].
func (r *ReceiveStream) ReceiveSome(ctx context.Context, p []byte) (int, error) {
	n, err := r.in.receive(ctx, p)
	return n, opError("receive", 0, err)
}

// Close implements [abc.AsyncResource]. It drops what was not received, does
// not block and returns nil.
func (r *ReceiveStream) Close(context.Context) error {
	r.in.mu.Lock()
	defer r.in.mu.Unlock()
	r.in.closeReceive()
	return nil
}
