package abc_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
)

type plainListener struct{}

func (plainListener) Serve(context.Context, abc.Handler) error { return nil }
func (plainListener) Close(context.Context) error              { return nil }

type countingListener struct{ plainListener }

func (countingListener) Stats() abc.ListenerStats { return abc.ListenerStats{Accepted: 7} }

// listenerLayer is a listener over another one that has no counts of its own.
type listenerLayer struct {
	plainListener
	below abc.Listener
}

func (l listenerLayer) Unwrap() abc.AsyncResource { return l.below }

func TestStatsOfLooksBelowLayers(t *testing.T) {
	for _, l := range []abc.Listener{countingListener{}, listenerLayer{below: listenerLayer{below: countingListener{}}}} {
		s, ok := abc.StatsOf(l)
		require.True(t, ok)
		require.EqualValues(t, 7, s.Accepted)
	}
	for _, l := range []abc.Listener{plainListener{}, listenerLayer{below: plainListener{}}, nil} {
		s, ok := abc.StatsOf(l)
		require.False(t, ok)
		require.Zero(t, s)
	}
}
