package memstream_test

import (
	"context"
	"testing"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/abc/abctest"
	"github.com/tributary-go/tributary/memstream"
)

func TestConformance(t *testing.T) {
	for name, capacity := range map[string]int{
		"default": 0, "1": 1, "lockstep": memstream.Lockstep, "unbounded": memstream.Unbounded,
	} {
		opts := &memstream.Options{Capacity: capacity}
		caps := abctest.Caps{NoBackPressure: capacity == memstream.Unbounded}
		t.Run("pair/"+name, func(t *testing.T) {
			abctest.TestStream(t, func(testing.TB) (a, b abc.Stream) { return memstream.Pair(opts) }, caps)
		})
		t.Run("one way/"+name, func(t *testing.T) {
			abctest.TestOneWay(t, func(testing.TB) (abc.SendStream, abc.ReceiveStream) { return memstream.OneWay(opts) }, caps)
		})
	}
	t.Run("listener", func(t *testing.T) {
		abctest.TestListener(t, func(testing.TB) (abc.Listener, func(context.Context) (abc.Stream, error)) {
			l := memstream.NewListener(nil)
			return l, func(ctx context.Context) (abc.Stream, error) { return l.Dial(ctx) }
		})
	})
}
