package abc_test

import (
	"testing"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/abc/abctest"
	"github.com/tributary-go/tributary/memstream"
)

func TestStapleConformance(t *testing.T) {
	abctest.TestStream(t, func(testing.TB) (a, b abc.Stream) {
		as, br := memstream.OneWay(nil)
		bs, ar := memstream.OneWay(nil)
		return abc.Staple(as, ar), abc.Staple(bs, br)
	}, abctest.Caps{})
}
