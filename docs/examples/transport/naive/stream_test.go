package transport

import (
	"testing"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/abc/abctest"
)

func TestStream(t *testing.T) {
	abctest.TestStream(t, pair, abctest.Caps{})
}

// pair is the maker: it returns a fresh connection.
func pair(t testing.TB) (a, b abc.Stream) {
	a, b, err := Pair()
	if err != nil {
		t.Fatal(err)
	}
	return a, b
}
