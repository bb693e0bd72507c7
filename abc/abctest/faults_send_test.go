package abctest_test

import (
	"context"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/abc/abctest"
)

var sendFaults = []fault{
	{name: "SendAll returns nil after a part", caught: "Send/Arrives", make: func(s *hooked) {
		s.send = func(ctx context.Context, p []byte) error { return s.Stream.SendAll(ctx, p[:min(len(p), 4096)]) }
	}},
	{name: "an empty send is seen by the peer", caught: "Send/EmptyMeansNothing", make: func(s *hooked) {
		s.send = func(ctx context.Context, p []byte) error {
			if len(p) == 0 {
				p = []byte{0}
			}
			return s.Stream.SendAll(ctx, p)
		}
	}},
	{name: "an empty send is an error", caught: "Send/EmptyMeansNothing", make: func(s *hooked) {
		s.send = func(ctx context.Context, p []byte) error {
			if len(p) == 0 {
				return fail(abc.ErrEmptyBuffer)
			}
			return s.Stream.SendAll(ctx, p)
		}
	}},
	{name: "SendAll masks its buffer", caught: "Send/LeavesBufferAlone", make: func(s *hooked) {
		s.send = func(ctx context.Context, p []byte) error {
			err := s.Stream.SendAll(ctx, p)
			for i := range min(len(p), 100_000) {
				if p[i] != 0 { // lest it should write to what others send
					p[i] ^= 0x55
				}
			}
			return err
		}
	}},
	{name: "SendAll writes a trailer behind its buffer", caught: "Send/LeavesBufferAlone", make: func(s *hooked) {
		s.send = func(ctx context.Context, p []byte) error {
			if len(p) < cap(p) && len(p) == 50_000 {
				p[:len(p)+1][len(p)] = 0
			}
			return s.Stream.SendAll(ctx, p)
		}
	}},
	{name: "bytes are lost now and then", caught: "Send/RandomSizes", make: func(s *hooked) {
		n := 0
		s.send = func(ctx context.Context, p []byte) error {
			if n++; n%20 == 0 && len(p) > 1 {
				p = p[1:]
			}
			return s.Stream.SendAll(ctx, p)
		}
	}},
	{name: "SendVector forgets the buffer after an empty one", caught: "Send/Vector", hangs: true, make: func(s *hooked) {
		s.vector = func(ctx context.Context, bufs [][]byte) error {
			for i, b := range bufs {
				if i > 0 && len(bufs[i-1]) == 0 {
					continue
				}
				if err := s.Stream.SendAll(ctx, b); err != nil {
					return err
				}
			}
			return nil
		}
	}},
	{name: "SendVector consumes the caller's list of buffers", caught: "Send/Vector", make: func(s *hooked) {
		s.vector = func(ctx context.Context, bufs [][]byte) error {
			err := abc.SendVector(ctx, s.Stream, bufs...)
			clear(bufs) // as net.Buffers does
			return err
		}
	}},
	{name: "SendVector sends its buffers in reverse", caught: "Send/Vector", make: func(s *hooked) {
		s.vector = func(ctx context.Context, bufs [][]byte) error {
			for i := range bufs {
				if err := s.Stream.SendAll(ctx, bufs[len(bufs)-1-i]); err != nil {
					return err
				}
			}
			return nil
		}
	}},
	{name: "a send never blocks", caught: "Send/BackPressure", make: func(s *hooked) {
		s.send = func(ctx context.Context, p []byte) error { return s.Stream.SendAll(ctx, p[:min(len(p), 1000)]) }
	}},
	{name: "a stream that is declared to be unbounded blocks", caught: "Send/BackPressure", caps: abctest.Caps{NoBackPressure: true}, hangs: true, make: func(*hooked) {}},
}
