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
		caps := abctest.Caps{NoBackPressure: capacity == memstream.Unbounded, MakeClogged: func() (abc.SendStream, abc.ReceiveStream, error) {
			a, b := memstream.Pair(opts)
			return a, b, a.SendAll(t.Context(), make([]byte, room(capacity)))
		}}
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

// room is how many bytes a stream with this capacity takes while nobody
// receives.
func room(capacity int) int {
	switch capacity {
	case 0:
		return 64 << 10
	case memstream.Lockstep:
		return 0
	}
	return capacity
}
