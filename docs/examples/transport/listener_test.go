//go:build unix

package transport

import (
	"context"
	"testing"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/abc/abctest"
)

func TestListener(t *testing.T) {
	abctest.TestListener(t, func(t testing.TB) (abc.Listener, func(context.Context) (abc.Stream, error)) {
		l := Listen()
		return l, func(ctx context.Context) (abc.Stream, error) {
			s, err := l.Dial(ctx)
			if err != nil {
				return nil, err // not a nil *Stream in an interface
			}
			return s, nil
		}
	})
}
