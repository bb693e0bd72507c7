package bufstream

import (
	"context"

	"github.com/tributary-go/tributary/abc"
)

// StreamOptions configure a [Stream].
type StreamOptions struct {
	Receiver Options       // of the receiving half
	Sender   SenderOptions // of the sending half
}

// A Stream is a [Receiver] and a [Sender] on one stream. Make one with
// [NewStream], which owns that stream.
//
// A send and a receive may run at the same time, and Close at any time. What is
// held by the sender is not sent by a receive that waits for the answer: flush
// first, or set [SenderOptions.FlushAfter].
//
// The halves are there to be handed to what needs but one of them. Close and
// detach the Stream, not its halves.
type Stream struct {
	*Receiver
	*Sender
	below abc.Stream
}

var (
	_ abc.Stream       = (*Stream)(nil)
	_ abc.SendWaiter   = (*Stream)(nil)
	_ abc.VectorSender = (*Stream)(nil)
	_ abc.Unwrapper    = (*Stream)(nil)
)

// NewStream makes a stream on s, which it owns. opts may be nil.
func NewStream(s abc.Stream, opts *StreamOptions) *Stream {
	if s == nil {
		panic("bufstream: NewStream of a nil stream")
	}
	if opts == nil {
		opts = &StreamOptions{}
	}
	r := NewReceiver(s, &opts.Receiver)
	r.waker.used = true
	return &Stream{r, NewSender(s, &opts.Sender), s}
}

// SendEOF implements [abc.Stream]. It sends what is held first.
func (s *Stream) SendEOF(ctx context.Context) error {
	return s.Sender.sendEOF(ctx, s.below.SendEOF)
}

// Detach ends the stream and keeps the one below, for a switch of protocols: it
// sends what is held, and returns what was received and not consumed, and the
// stream that goes on after that. See [Receiver.Detach] for what to do with
// them. Every later operation is [abc.ErrClosed], and Close does nothing.
//
// If it fails, with [abc.ErrBusy] for instance as either half is in use, nothing
// has changed except that what was held may have been sent.
func (s *Stream) Detach(ctx context.Context) (prebuffered []byte, below abc.Stream, err error) {
	err = s.Sender.detach(ctx, func() (err error) {
		prebuffered, err = s.Receiver.detach()
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	return prebuffered, s.below, nil
}

// Unwrap implements [abc.Unwrapper].
func (s *Stream) Unwrap() abc.AsyncResource { return s.below }

// Close implements [abc.AsyncResource]. It closes both halves: for what is held
// see [Sender.Close]. A receive that is blocked is woken at once.
func (s *Stream) Close(ctx context.Context) error {
	s.Receiver.end()
	s.Receiver.waker.wake()
	return s.Sender.Close(ctx)
}
