package socketstream

import (
	"context"

	"github.com/tributary-go/tributary/abc"
)

func (s *Stream) copyFrom(ctx context.Context, src abc.ReceiveStream) (int64, error) {
	if s.raw == nil {
		return 0, errNoShortWay
	}
	switch src := src.(type) {
	case *Stream:
		return s.copyFromSocket(ctx, src)
	case readerLender:
		return s.copyFromFile(ctx, src)
	}
	return 0, errNoShortWay
}
