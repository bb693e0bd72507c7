package abc_test

import (
	"net"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/memstream"
)

// layer is a stream on a stream.
type layer struct {
	abc.AsyncResource
	name  string
	below abc.AsyncResource
}

func (l *layer) Unwrap() abc.AsyncResource { return l.below }

// bottom has an address.
type bottom struct{ abc.AsyncResource }

func (*bottom) LocalAddr() net.Addr  { return &net.TCPAddr{Port: 1} }
func (*bottom) RemoteAddr() net.Addr { return &net.TCPAddr{Port: 2} }

func TestAsFindsTheFirstLayerOfAType(t *testing.T) {
	socket := &bottom{}
	lower := &layer{name: "lower", below: socket}
	upper := &layer{name: "upper", below: lower}

	self, ok := abc.As[*layer](upper)
	require.True(t, ok)
	require.Same(t, upper, self, "the first, not the deepest")

	found, ok := abc.As[*bottom](upper)
	require.True(t, ok)
	require.Same(t, socket, found)

	addressed, ok := abc.As[abc.Addressed](upper)
	require.True(t, ok)
	require.Equal(t, 2, addressed.RemoteAddr().(*net.TCPAddr).Port)

	unwrapper, ok := abc.As[abc.Unwrapper](upper)
	require.True(t, ok)
	require.Same(t, upper, unwrapper)
}

func TestAsReportsWhatIsNotThere(t *testing.T) {
	for name, r := range map[string]abc.AsyncResource{
		"nil":             nil,
		"no layers":       &bottom{},
		"nothing below":   &layer{},
		"not in a layer":  &layer{below: &layer{below: &bottom{}}},
		"a nil interface": abc.Stream(nil),
	} {
		s, ok := abc.As[*memstream.Stream](r)
		require.False(t, ok, name)
		require.Nil(t, s, name)
		v, ok := abc.As[abc.VectorSender](r)
		require.False(t, ok, name)
		require.Nil(t, v, name)
	}
}
