package abctest_test

import (
	"context"
	"io"

	"github.com/tributary-go/tributary/abc"
)

var copyFaults = []fault{
	{name: "CopyFrom forgets the last bytes", caught: "Copy/Arrives", make: func(s *hooked) {
		s.copyFrom = func(ctx context.Context, src abc.ReceiveStream) (total int64, err error) {
			var last []byte
			for {
				p := make([]byte, 4096)
				n, err := src.ReceiveSome(ctx, p)
				if err == io.EOF {
					return total + int64(len(last)), nil
				}
				if err != nil {
					return total, err
				}
				if err := s.Stream.SendAll(ctx, last); err != nil {
					return total, err
				}
				total += int64(len(last))
				last = p[:n]
			}
		}
	}},
	{name: "CopyFrom counts one byte less", caught: "Copy/Arrives", make: func(s *hooked) {
		s.copyFrom = func(ctx context.Context, src abc.ReceiveStream) (int64, error) {
			n, err := abc.Copy(ctx, s.Stream, src)
			return n - 1, err
		}
	}},
	{name: "CopyFrom ends the stream", caught: "Copy/Arrives", make: func(s *hooked) {
		s.copyFrom = func(ctx context.Context, src abc.ReceiveStream) (int64, error) {
			n, err := abc.Copy(ctx, s.Stream, src)
			_ = s.Stream.SendEOF(ctx)
			return n, err
		}
	}},
	{name: "CopyFrom hides the error of its source", caught: "Copy/SourceFails", make: func(s *hooked) {
		s.copyFrom = func(ctx context.Context, src abc.ReceiveStream) (int64, error) {
			n, _ := abc.Copy(ctx, s.Stream, src)
			return n, nil
		}
	}},
	{name: "CopyFrom loses the cause of its source's error", caught: "Copy/SourceFails", make: func(s *hooked) {
		s.copyFrom = func(ctx context.Context, src abc.ReceiveStream) (int64, error) {
			n, err := abc.Copy(ctx, s.Stream, src)
			if err != nil {
				err = fail(abc.ErrBroken)
			}
			return n, err
		}
	}},
	{name: "CopyFrom takes from its source before it looks at its context", caught: "Copy/DoneContext", make: func(s *hooked) {
		s.copyFrom = func(ctx context.Context, src abc.ReceiveStream) (int64, error) {
			p := make([]byte, 64)
			n, err := src.ReceiveSome(context.WithoutCancel(ctx), p)
			if err != nil {
				return 0, err
			}
			return 0, s.Stream.SendAll(ctx, p[:n])
		}
	}},
	{name: "CopyFrom on a closed stream is ErrBroken", caught: "Copy/AfterClose", make: func(s *hooked) {
		s.copyFrom = func(ctx context.Context, src abc.ReceiveStream) (int64, error) {
			n, err := abc.Copy(ctx, s.Stream, src)
			return n, becomes(abc.ErrBroken).to(abc.ErrClosed, ctx, err)
		}
	}},
}
