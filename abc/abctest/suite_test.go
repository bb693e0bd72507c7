package abctest_test

import (
	"context"
	"net"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/abc/abctest"
	"github.com/tributary-go/tributary/memstream"
	"github.com/tributary-go/tributary/socketstream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestHonestStreamPasses(t *testing.T) {
	abctest.TestStream(t, func(testing.TB) (a, b abc.Stream) { return honest() }, abctest.Caps{
		MakeClogged: func() (abc.SendStream, abc.ReceiveStream, error) {
			a, b := clogged()
			return a, b, nil
		},
	})
}

func TestHonestOneWayPasses(t *testing.T) {
	abctest.TestOneWay(t, func(testing.TB) (abc.SendStream, abc.ReceiveStream) {
		return memstream.OneWay(nil)
	}, abctest.Caps{})
}

func TestHonestListenerPasses(t *testing.T) {
	abctest.TestListener(t, func(testing.TB) (abc.Listener, func(context.Context) (abc.Stream, error)) {
		return honestListener()
	})
}

func TestStreamWithoutBufferPasses(t *testing.T) {
	abctest.TestStream(t, func(testing.TB) (a, b abc.Stream) {
		return memstream.Pair(&memstream.Options{Capacity: memstream.Lockstep})
	}, abctest.Caps{})
}

func TestStreamWithoutBoundPassesAsDeclared(t *testing.T) {
	abctest.TestStream(t, func(testing.TB) (a, b abc.Stream) {
		return memstream.Pair(&memstream.Options{Capacity: memstream.Unbounded})
	}, abctest.Caps{NoBackPressure: true})
}

// A net.Pipe cannot end one direction.
func TestStreamWithoutSendEOFPassesAsDeclared(t *testing.T) {
	abctest.TestStream(t, func(testing.TB) (a, b abc.Stream) {
		x, y := net.Pipe()
		return socketstream.New(x), socketstream.New(y)
	}, abctest.Caps{NoSendEOF: true, NoSendAfterCancel: true})
}

func TestNamesAreUnique(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range abctest.AllCases() {
		kind := "stream"
		if c.Suite == "TestListener" || c.Suite == "TestMessages" {
			kind = c.Suite
		}
		require.False(t, seen[kind+c.Name], "two cases are called %s", c.Name)
		seen[kind+c.Name] = true
	}
}
