package abctest_test

import (
	"context"
	"fmt"
	"net"
	"testing"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/abc/abctest"
	"github.com/tributary-go/tributary/memstream"
	"github.com/tributary-go/tributary/socketstream"
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

func ExampleTestMessages() {
	testConformance := func(t *testing.T) {
		abctest.TestMessages(t, func(t testing.TB) (abc.MessageSendStream[int], abc.MessageReceiveStream[int]) {
			return memstream.Messages[int](10)
		})
	}
	_ = testConformance
}

// A program that checks its transport where it runs. A net.Pipe cannot end one
// direction alone, and nobody has said so.
func ExampleCheckStream() {
	err := abctest.CheckStream(context.Background(), func() (a, b abc.Stream, err error) {
		x, y := net.Pipe()
		return socketstream.New(x), socketstream.New(y), nil
	}, abctest.Caps{NoSendAfterCancel: true})

	for _, err := range err.(interface{ Unwrap() []error }).Unwrap()[:1] {
		fmt.Println(err.(*abctest.Failure).Case)
		fmt.Println(err.(*abctest.Failure).Rule)
	}
	// Output:
	// AToB/SendEOF/EndsOneDirection
	// 4.6: after SendEOF SendAll returns ErrClosed, and receiving goes on; it is idempotent
}
