package trace

import (
	"context"
	"fmt"

	"github.com/tributary-go/tributary/abc"
)

// Stream returns s, recorded: closing what it returns closes s, and what happens
// to s on another way is not seen. Streams of one name are one interface of the
// capture. In the capture this side has begun the connection, and has called the
// peer; [Recorder.Listener] is for the other side.
//
// What it returns has the optional interfaces of s, but for what would go past
// it: [abc.Copy] copies through a buffer. Its error for a call that was not
// begun ([abc.ErrBusy], [abc.ErrClosed]) is its own.
func (r *Recorder) Stream(name string, s abc.Stream) abc.Stream {
	if s == nil {
		panic("trace: a nil stream")
	}
	if r == nil {
		return s
	}
	return r.stream(name, s, nil)
}

// SendStream is [Recorder.Stream] for a sending half. If s is a whole stream, so
// is what it returns.
func (r *Recorder) SendStream(name string, s abc.SendStream) abc.SendStream {
	if s == nil {
		panic("trace: a nil stream")
	}
	if r == nil {
		return s
	}
	if whole, ok := s.(abc.Stream); ok {
		return r.Stream(name, whole)
	}
	return &sendStream{sender: sender{subject: r.begin(name, s, nil), below: s}}
}

// ReceiveStream is [Recorder.Stream] for a receiving half. If s is a whole
// stream, so is what it returns.
func (r *Recorder) ReceiveStream(name string, s abc.ReceiveStream) abc.ReceiveStream {
	if s == nil {
		panic("trace: a nil stream")
	}
	if r == nil {
		return s
	}
	if whole, ok := s.(abc.Stream); ok {
		return r.Stream(name, whole)
	}
	return &receiveStream{receiver: receiver{subject: r.begin(name, s, nil), below: s}}
}

// begin returns the subject for a stream, whose recording has begun.
func (r *Recorder) begin(name string, s abc.AsyncResource, parent *subject) *subject {
	x := r.newSubject(name)
	x.parent, x.what = parent, fmt.Sprintf("%T", s)
	x.addresses(s)
	x.note(opened)
	return x
}

func (r *Recorder) stream(name string, s abc.Stream, parent *subject) *stream {
	x := r.begin(name, s, parent)
	return &stream{sender: sender{subject: x, below: s}, receiver: receiver{subject: x, below: s}, below: s}
}

// A stream is a stream that is recorded.
type stream struct {
	sender
	receiver
	below abc.Stream
}

var (
	_ abc.Stream       = (*stream)(nil)
	_ abc.SendWaiter   = (*stream)(nil)
	_ abc.VectorSender = (*stream)(nil)
	_ abc.Unwrapper    = (*stream)(nil)
)

// SendEOF implements [abc.Stream].
func (s *stream) SendEOF(ctx context.Context) error {
	if err := s.sender.guard.Enter(ctx); err != nil {
		return s.refused(sendEOF, "send EOF", err)
	}
	defer s.sender.leave()
	x := s.sender.subject
	c := x.begin(sendEOF)
	err := s.below.SendEOF(ctx)
	x.end(c, 0, nil, err)
	return err
}

// Close implements [abc.AsyncResource].
func (s *stream) Close(ctx context.Context) error {
	return s.sender.subject.closeGuarded(ctx, s.below, &s.sender.guard, &s.receiver.guard)
}

// Unwrap implements [abc.Unwrapper].
func (s *stream) Unwrap() abc.AsyncResource { return s.below }

type sendStream struct{ sender }

// Close implements [abc.AsyncResource].
func (s *sendStream) Close(ctx context.Context) error {
	return s.closeGuarded(ctx, s.below, &s.guard)
}

type receiveStream struct{ receiver }

// Close implements [abc.AsyncResource].
func (s *receiveStream) Close(ctx context.Context) error {
	return s.closeGuarded(ctx, s.below, &s.guard)
}
