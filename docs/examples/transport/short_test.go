//go:build unix

package transport

import (
	"os"
	"testing"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/abc/abctest"
	"github.com/tributary-go/tributary/bridge"
)

// stapled is Pair without a transport of its own.
func stapled() (a, b abc.Stream, err error) {
	r1, w1, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	r2, w2, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	a = abc.Staple(bridge.FromWriter(w1), bridge.FromReader(r2))
	b = abc.Staple(bridge.FromWriter(w2), bridge.FromReader(r1))
	return a, b, nil
}

func TestStapled(t *testing.T) {
	abctest.TestStream(t, func(t testing.TB) (a, b abc.Stream) {
		a, b, err := stapled()
		if err != nil {
			t.Fatal(err)
		}
		return a, b
	}, abctest.Caps{})
}
