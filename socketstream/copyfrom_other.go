//go:build !linux

package socketstream

import (
	"context"

	"github.com/tributary-go/tributary/abc"
)

func (s *Stream) copyFrom(context.Context, abc.ReceiveStream) (int64, error) {
	return 0, errNoShortWay
}
