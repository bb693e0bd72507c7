package trace

import (
	"context"

	"github.com/tributary-go/tributary/abc"
)

// A sender is the sending half of a recorded stream. It has a guard of its own:
// of two calls that both succeed, the one that the stream took first has to be
// recorded first.
type sender struct {
	*subject
	below abc.SendStream
	guard abc.Guard
}

// SendAll implements [abc.SendStream].
func (s *sender) SendAll(ctx context.Context, p []byte) error {
	if err := s.guard.Enter(ctx); err != nil {
		return s.refused(sendAll, "send", err)
	}
	defer s.leave()
	c := s.begin(sendAll)
	err := s.below.SendAll(ctx, p)
	bufs := [1][]byte{p}
	s.end(c, taken(err, len(p)), &cursor{bufs: bufs[:]}, err)
	return err
}

// SendVector implements [abc.VectorSender].
func (s *sender) SendVector(ctx context.Context, bufs [][]byte) error {
	if err := s.guard.Enter(ctx); err != nil {
		return s.refused(sendVector, "send", err)
	}
	defer s.leave()
	size := 0
	for _, p := range bufs {
		size += len(p)
	}
	c := s.begin(sendVector)
	err := abc.SendVector(ctx, s.below, bufs...)
	s.end(c, taken(err, size), &cursor{bufs: bufs}, err)
	return err
}

// WaitSendable implements [abc.SendWaiter]. Where the stream does not, it is a
// send of nothing: that returns early, and says if the stream is closed.
func (s *sender) WaitSendable(ctx context.Context) error {
	if err := s.guard.Enter(ctx); err != nil {
		return s.refused(waitSendable, "wait sendable", err)
	}
	defer s.leave()
	c := s.begin(waitSendable)
	var err error
	if w, ok := s.below.(abc.SendWaiter); ok {
		err = w.WaitSendable(ctx)
	} else {
		err = s.below.SendAll(ctx, nil)
	}
	s.end(c, 0, nil, err)
	return err
}

// Unwrap implements [abc.Unwrapper]. What stands on what is recorded is not
// Transparent: a copy that goes past it would not be seen.
func (s *sender) Unwrap() abc.AsyncResource { return s.below }

func (s *sender) refused(k kind, op string, err error) error {
	err = opError(op, err)
	s.refuse(k, err)
	return err
}

func (s *sender) leave() {
	if s.guard.Leave() {
		s.left()
	}
}

// taken returns how many of size bytes went before err, as far as anybody knows.
func taken(err error, size int) int {
	if err == nil {
		return size
	}
	return min(max(abc.Sent(err), 0), size)
}
