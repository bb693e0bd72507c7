package bufstream

import (
	"bytes"
	"context"
	"errors"

	"github.com/tributary-go/tributary/abc"
)

// vectorSize is from which size on, in bytes, the body of a message is sent from
// where it is.
const vectorSize = 8 << 10

// outgoing is the sending half of a stream of messages. Its turn guards what
// follows it.
type outgoing[T any] struct {
	below abc.SendStream
	codec Codec[T]
	limit int
	parts func(dst []byte, m T) (head, body, tail []byte, err error) // of the codec, or nil

	turn   turnstile
	frame  []byte    // of the last message, to use its memory again
	vector [3][]byte // what is sent together
	ended  bool      // SendEOF was sent
	failed error     // what every further send returns

	finishing chan struct{} // has a token while finish runs
}

func (s *outgoing[T]) init(below abc.SendStream, codec Codec[T], opts MessageOptions) {
	if codec.Encode == nil {
		panic("bufstream: a Codec without Encode cannot send")
	}
	s.below, s.codec, s.limit = below, codec, opts.Limit
	s.finishing = make(chan struct{}, 1)
	if _, ok := below.(abc.VectorSender); ok { // else one send is better than three
		s.parts = codec.parts
	}
}

func (s *outgoing[T]) send(ctx context.Context, m T) error {
	if err := s.turn.enter(ctx); err != nil {
		return opError("send", 0, err)
	}
	leaves := true
	defer func() {
		if leaves {
			s.turn.leave()
		}
	}()
	rest, err := s.sendFrame(ctx, m)
	if rest == nil {
		return err
	}
	s.finishing <- struct{}{}
	if s.turn.closed() { // Close may not have seen that
		<-s.finishing
		s.failed = abc.ErrClosed
		return opError("send", 0, abc.ErrClosed)
	}
	leaves = false
	go s.finish(context.WithoutCancel(ctx), rest)
	return nil
}

// sendFrame sends m. When ctx ends that after some bytes went, it returns the
// rest, which has to follow.
func (s *outgoing[T]) sendFrame(ctx context.Context, m T) (rest []byte, err error) {
	switch {
	case s.failed != nil:
		return nil, opError("send", 0, s.failed)
	case s.ended:
		return nil, opError("send", 0, abc.ErrClosed)
	}
	head, body, tail, err := s.encode(m)
	if err != nil {
		return nil, opError("send", 0, err)
	}
	if body == nil {
		err = s.below.SendAll(ctx, head)
	} else {
		s.vector = [...][]byte{head, body, tail}
		err = abc.SendVector(ctx, s.below, s.vector[:]...)
		s.vector = [3][]byte{} // body is the caller's again
	}
	if err == nil {
		return nil, nil
	}
	sent := abc.Sent(err)
	switch {
	case sent == 0:
	case ctx.Err() == nil || !errors.Is(err, ctx.Err()):
		s.failed = causeOf(err)
	case sent < 0:
		s.failed = abc.Broken(errUnknownPosition)
	default:
		if rest = bytes.Join([][]byte{head, body, tail}, nil)[sent:]; len(rest) > 0 {
			return rest, nil
		}
		return nil, nil // at the last moment
	}
	return nil, err
}

// encode returns the frame of m, in head alone if body is nil.
func (s *outgoing[T]) encode(m T) (head, body, tail []byte, err error) {
	size := 0
	if s.parts != nil {
		head, body, tail, err = s.parts(s.frame[:0], m)
		if size = len(head) + len(body) + len(tail); size < vectorSize && err == nil {
			head, body, tail = append(append(head, body...), tail...), nil, nil
		}
	} else {
		head, err = s.codec.Encode(s.frame[:0], m)
		size = len(head)
	}
	if cap(head) <= mostKept || len(head) > cap(head)/8 {
		s.frame = head
	} else {
		s.frame = nil
	}
	if err == nil && size-s.codec.overheadOf(head) > s.limit {
		err = &TooLongError{s.limit}
	}
	return head, body, tail, err
}

// finish sends the rest of a message that is sent, as far as its sender knows.
// It has the turn, so nothing comes in between.
func (s *outgoing[T]) finish(ctx context.Context, rest []byte) {
	if err := s.below.SendAll(ctx, rest); err != nil {
		s.failed = causeOf(err)
	}
	s.turn.leave()
	<-s.finishing
}

// finished waits until finish has ended, if it runs, and returns the error of a
// ctx that was done first.
func (s *outgoing[T]) finished(ctx context.Context) error {
	select {
	case s.finishing <- struct{}{}:
		<-s.finishing
		return nil
	case <-ctx.Done():
		return abc.ContextErr(ctx)
	}
}

func (s *outgoing[T]) sendEOF(ctx context.Context) error {
	if err := s.turn.enter(ctx); err != nil {
		return opError("send EOF", 0, err)
	}
	defer s.turn.leave()
	if s.failed != nil {
		return opError("send EOF", 0, s.failed)
	}
	if below, ok := s.below.(interface{ SendEOF(context.Context) error }); ok {
		err := below.SendEOF(ctx)
		s.ended = s.ended || err == nil
		return err
	}
	err := s.below.Close(ctx)
	s.ended = true
	if err != nil && !s.turn.closed() {
		s.failed = abc.Broken(err)
	}
	if err != nil && ctx.Err() != nil {
		return opError("send EOF", 0, abc.ContextErr(ctx)) // failed from now on
	}
	return opError("send EOF", 0, s.failed)
}

// close closes what is below, after what finish sends. wake wakes receives while
// that has to be waited for.
func (s *outgoing[T]) close(ctx context.Context, wake func()) error {
	var cut error
	select {
	case s.finishing <- struct{}{}:
		<-s.finishing
	default:
		wake()
		cut = s.finished(ctx)
	}
	err := s.below.Close(ctx)
	wake()                               // lets go of a context, too
	_ = s.finished(context.Background()) // it has been woken by now
	return errors.Join(cut, err)
}

// causeOf returns why a send below failed, to be returned again.
func causeOf(err error) error {
	var op *abc.OpError
	if errors.As(err, &op) {
		return op.Err
	}
	return err
}
