package bufstream

import (
	"context"
	"sync"
	"time"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/internal/closing"
)

// A Sender gathers small sends into few. It is itself an [abc.SendStream]. Make
// one with [NewSender], which owns the stream below.
//
// What is sent is held, and goes out when more comes than fits, or by Flush,
// Close, the SendEOF of a [Stream], or in the background after
// [SenderOptions.FlushAfter]. Without that a forgotten Flush makes the peer wait
// for ever. Once Flush, SendEOF or Close returned nil nothing is held.
//
// One operation at a time may run, a second one is [abc.ErrBusy]; Close may be
// called at any time. A SendAll that only holds its bytes does not block, unless
// the background is sending: it waits for that. What a cancelled operation did
// not send of what was held is sent by the next one. Sent, in an error, counts
// the bytes of its own operation only.
//
// A SendAll that returned nil does not know yet that the connection is broken.
// The next operation that sends does, and every one after it.
type Sender struct {
	below   abc.SendStream
	opts    SenderOptions
	closing closing.Once
	begun   chan struct{} // closed when Close begins

	// mu is not held while anything blocks.
	mu      sync.Mutex
	held    Buffer
	peak    int   // how much was held at the last flush
	err     error // why nothing can be sent any more
	busy    bool  // an operation of the caller is inside
	sending bool  // somebody is inside below,
	byTimer bool  // namely the timer
	state   senderState
	left    chan struct{} // if somebody waits for that: closed by who leaves below
	vector  [][]byte      // to use again

	timer      *time.Timer
	armed      bool
	due        time.Time      // when what is held has to go
	background sync.WaitGroup // the timer, while it is armed
}

type senderState int

const (
	senderOpen  senderState = iota
	senderEnded             // by SendEOF
	senderDetached
	senderClosed
)

var (
	_ abc.SendStream   = (*Sender)(nil)
	_ abc.SendWaiter   = (*Sender)(nil)
	_ abc.VectorSender = (*Sender)(nil)
	_ abc.Unwrapper    = (*Sender)(nil)
)

// NewSender makes a sender to s, which it owns. opts may be nil.
func NewSender(s abc.SendStream, opts *SenderOptions) *Sender {
	if s == nil {
		panic("bufstream: NewSender of a nil stream")
	}
	o := opts.orDefault()
	return &Sender{below: s, opts: o, held: Buffer{Limit: o.Size}, begun: make(chan struct{})}
}

// SendAll implements [abc.SendStream]. p is copied if it fits. If it does not,
// what is held is sent, and p with it, uncopied, if it is more than half of
// [SenderOptions.Size].
func (s *Sender) SendAll(ctx context.Context, p []byte) error {
	if len(p) == 0 {
		return senderError("send", 0, s.check(ctx)) // whatever the background does
	}
	if err := s.lock(ctx); err != nil {
		return senderError("send", 0, err)
	}
	if s.fits(len(p)) {
		s.hold(p)
		s.mu.Unlock()
		return nil
	}
	defer s.mu.Unlock()
	if s.large(len(p)) {
		s.vector = append(s.vector, p)
		return s.send(ctx, "send", len(p))
	}
	if err := s.send(ctx, "send", 0); err != nil {
		return err
	}
	return s.holdAfter("send", p)
}

// SendVector implements [abc.VectorSender].
func (s *Sender) SendVector(ctx context.Context, bufs [][]byte) error {
	size := 0
	for _, p := range bufs {
		size += len(p)
	}
	if size == 0 {
		return s.SendAll(ctx, nil)
	}
	if err := s.lock(ctx); err != nil {
		return senderError("send", 0, err)
	}
	defer s.mu.Unlock()
	if s.large(size) && !s.fits(size) {
		s.vector = append(s.vector, bufs...)
		return s.send(ctx, "send", size)
	}
	if !s.fits(size) {
		if err := s.send(ctx, "send", 0); err != nil {
			return err
		}
	}
	return s.holdAfter("send", bufs...)
}

// Flush sends what is held. It blocks until the stream below took it.
func (s *Sender) Flush(ctx context.Context) error {
	if err := s.lock(ctx); err != nil {
		return senderError("flush", 0, err)
	}
	defer s.mu.Unlock()
	if s.held.Len() == 0 {
		return nil
	}
	return s.send(ctx, "flush", 0)
}

// WaitSendable implements [abc.SendWaiter]: it returns at once while there is
// room to hold something.
func (s *Sender) WaitSendable(ctx context.Context) error {
	if err := s.lock(ctx); err != nil {
		return senderError("wait sendable", 0, err)
	}
	defer s.mu.Unlock()
	if s.fits(1) {
		return nil
	}
	return s.run("wait sendable", func() error { return abc.WaitSendable(ctx, s.below) })
}

// Unwrap implements [abc.Unwrapper].
func (s *Sender) Unwrap() abc.AsyncResource { return s.below }

func (s *Sender) fits(n int) bool { return n <= s.opts.Size-s.held.Len() }

// large says whether n bytes that do not fit go out with what is held. Fewer are
// held after that, so that what goes out is one piece.
func (s *Sender) large(n int) bool { return n > s.opts.Size/2 }

// holdAfter holds bufs, which fit, unless Close came before.
func (s *Sender) holdAfter(op string, bufs ...[]byte) error {
	if s.state == senderClosed {
		return senderError(op, 0, abc.ErrClosed)
	}
	for _, p := range bufs {
		if len(p) > 0 {
			s.hold(p)
		}
	}
	return nil
}

// hold holds p, which fits.
func (s *Sender) hold(p []byte) {
	h := &s.held
	if h.end == 0 {
		h.move(max(s.peak, len(p)))
		s.arm()
	}
	if len(h.array)-h.end >= len(p) {
		h.end += copy(h.array[h.end:], p)
		return
	}
	if err := h.Append(p); err != nil {
		panic("bufstream: internal error: " + err.Error())
	}
}
