package listener

import (
	"context"
	"sync"

	"github.com/tributary-go/tributary/abc"
)

// acceptedStream is a stream that an [AcceptQueue] handed out. It is the
// handler's stream, and tells the handler when it was closed. It passes on the
// optional interfaces.
type acceptedStream struct {
	abc.Stream
	release  sync.Once
	released chan struct{}
}

var (
	_ abc.Stream       = (*acceptedStream)(nil)
	_ abc.SendWaiter   = (*acceptedStream)(nil)
	_ abc.VectorSender = (*acceptedStream)(nil)
	_ abc.Transparent  = (*acceptedStream)(nil)
)

// Close implements [abc.AsyncResource]. Any Close that has returned has closed
// the stream, so the first one lets the handler go.
func (s *acceptedStream) Close(ctx context.Context) error {
	defer s.release.Do(func() { close(s.released) })
	return s.Stream.Close(ctx)
}

// Unwrap implements [abc.Unwrapper].
func (s *acceptedStream) Unwrap() abc.AsyncResource { return s.Stream }

// WaitSendable implements [abc.SendWaiter]. Where the stream does not, it is a
// send of nothing: that returns early, and says if the stream is closed.
func (s *acceptedStream) WaitSendable(ctx context.Context) error {
	if w, ok := s.Stream.(abc.SendWaiter); ok {
		return w.WaitSendable(ctx)
	}
	return s.Stream.SendAll(ctx, nil)
}

// SendVector implements [abc.VectorSender].
func (s *acceptedStream) SendVector(ctx context.Context, bufs [][]byte) error {
	return abc.SendVector(ctx, s.Stream, bufs...)
}

// Transparent implements [abc.Transparent]: only Close is ours. So abc.Copy goes
// by what the stream can do, in either direction.
func (s *acceptedStream) Transparent() {}
