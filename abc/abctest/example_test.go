package abctest_test

import (
	"context"
	"testing"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/abc/abctest"
	"github.com/tributary-go/tributary/memstream"
)

// The whole conformance test of a transport of one's own; here it is memstream.
func ExampleTestStream() {
	testConformance := func(t *testing.T) {
		abctest.TestStream(t, func(t testing.TB) (a, b abc.Stream) {
			return memstream.Pair(nil)
		}, abctest.Caps{})
	}
	_ = testConformance // a func TestConformance(t *testing.T)
}

func ExampleTestOneWay() {
	testConformance := func(t *testing.T) {
		abctest.TestOneWay(t, func(t testing.TB) (abc.SendStream, abc.ReceiveStream) {
			return memstream.OneWay(&memstream.Options{Capacity: memstream.Unbounded})
		}, abctest.Caps{NoBackPressure: true})
	}
	_ = testConformance
}

func ExampleTestListener() {
	testConformance := func(t *testing.T) {
		abctest.TestListener(t, func(t testing.TB) (abc.Listener, func(context.Context) (abc.Stream, error)) {
			l := memstream.NewListener(nil)
			return l, func(ctx context.Context) (abc.Stream, error) {
				s, err := l.Dial(ctx)
				if err != nil {
					return nil, err // not a nil *memstream.Stream in an interface
				}
				return s, nil
			}
		})
	}
	_ = testConformance
}
