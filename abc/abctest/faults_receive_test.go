package abctest_test

import (
	"context"
	"errors"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/tributary-go/tributary/abc"
)

var receiveFaults = []fault{
	{name: "ReceiveSome fills its buffer", caught: "Receive/DoesNotWaitToFill", hangs: true, make: func(s *hooked) {
		s.receive = func(ctx context.Context, p []byte) (n int, err error) {
			for n < len(p) && err == nil {
				var m int
				m, err = s.Stream.ReceiveSome(ctx, p[n:])
				n += m
			}
			return n, err
		}
	}},
	{name: "nothing received is no error", caught: "Receive/DoesNotWaitToFill", make: func(s *hooked) {
		empty := true
		s.receive = func(ctx context.Context, p []byte) (int, error) {
			if empty = !empty; empty && len(p) > 1000 {
				return 0, nil
			}
			return s.Stream.ReceiveSome(ctx, p)
		}
	}},
	{name: "what does not fit into the buffer is dropped", caught: "Receive/SmallBuffer", make: func(s *hooked) {
		s.receive = func(ctx context.Context, p []byte) (int, error) {
			if len(p) != 1 {
				return s.Stream.ReceiveSome(ctx, p)
			}
			two := make([]byte, 2)
			n, err := s.Stream.ReceiveSome(ctx, two)
			return copy(p, two[:n]), err
		}
	}},
	{name: "ReceiveSome writes beyond its buffer", caught: "Receive/StaysInsideBuffer", make: func(s *hooked) {
		s.receive = func(ctx context.Context, p []byte) (int, error) {
			if cap(p) > len(p) {
				p[:len(p)+1][len(p)] = 0
			}
			return s.Stream.ReceiveSome(ctx, p)
		}
	}},
	{name: "an empty buffer is received into", caught: "Receive/EmptyBuffer", make: func(s *hooked) {
		s.receive = func(ctx context.Context, p []byte) (int, error) {
			if len(p) == 0 {
				return 0, nil
			}
			return s.Stream.ReceiveSome(ctx, p)
		}
	}},
	{name: "an empty buffer eats a byte", caught: "Receive/EmptyBuffer", make: func(s *hooked) {
		s.receive = func(ctx context.Context, p []byte) (int, error) {
			if len(p) == 0 {
				soon, cancel := context.WithTimeout(ctx, time.Millisecond)
				defer cancel()
				_, _ = s.Stream.ReceiveSome(soon, make([]byte, 1))
			}
			return s.Stream.ReceiveSome(ctx, p)
		}
	}},
	{name: "EOF is wrapped", caught: "Receive/EOF", make: func(s *hooked) { s.onReceive(io.EOF, becomes(io.EOF)) }},
	{name: "EOF does not stay", caught: "Receive/EOF", make: func(s *hooked) {
		ended := false
		s.onReceive(io.EOF, func(_ context.Context, err error) error {
			if ended {
				return fail(abc.ErrBroken)
			}
			ended = true
			return err
		})
	}},
	{name: "EOF comes with the last bytes", caught: "Receive/EOF", make: func(s *hooked) {
		s.receive = func(ctx context.Context, p []byte) (int, error) {
			n, err := s.Stream.ReceiveSome(ctx, p)
			if n > 0 && p[0] == 'y' {
				err = io.EOF
			}
			return n, err
		}
	}},
	{name: "the end of the peer is ErrBroken", caught: "Receive/EOF", make: func(s *hooked) {
		s.onReceive(io.EOF, becomes(abc.Broken(io.EOF)))
	}},
	{name: "a graceful Close reports an error of the transport", caught: "Receive/EOF", make: func(s *hooked) {
		s.close = func(ctx context.Context) error {
			_ = s.Stream.Close(ctx)
			return fail(abc.ErrBroken)
		}
	}},
	{name: "Close drops what it has not flushed", caught: "Receive/EOFAfterAllBytes", make: holdsBackTheEnd},
	{name: "EOF does not wake a receive", caught: "Receive/EOFWakes", hangs: true, make: func(s *hooked) {
		var looking sync.Mutex // so that a receive that looks is not taken for one that is blocked
		s.receive = func(ctx context.Context, p []byte) (int, error) {
			looking.Lock()
			soon, cancel := context.WithTimeout(ctx, time.Millisecond)
			n, err := s.Stream.ReceiveSome(soon, p)
			cancel()
			looking.Unlock()
			if ctx.Err() != nil || !errors.Is(err, context.DeadlineExceeded) {
				return n, err
			}
			if n, err = s.Stream.ReceiveSome(ctx, p); err == io.EOF {
				return 0, isMissed(ctx, err)
			}
			return n, err
		}
	}},
}

// holdsBackTheEnd keeps the end of a large send, for a flush that never comes.
func holdsBackTheEnd(s *hooked) {
	var held []byte
	s.send = func(ctx context.Context, p []byte) error {
		p = slices.Concat(held, p)
		held = nil
		if len(p) > 100_000 {
			held = slices.Clone(p[len(p)-10:])
			p = p[:len(p)-10]
		}
		return s.Stream.SendAll(ctx, p)
	}
}
