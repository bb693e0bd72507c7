package endings_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/tributary-go/tributary/internal/endings"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// What a List does is tested by the contexts that have one, those of package
// serve and of abc.Relay.
type listed struct {
	context.Context
	endings.List
}

func (l *listed) AfterFunc(f func()) (stop func() bool) { return l.Add(f) }

func TestAfterFuncPrefersTheContextsOwn(t *testing.T) {
	l := &listed{Context: context.Background()}
	called := make(chan int, 2)
	stop := endings.AfterFunc(l, func() { called <- 1 })
	require.True(t, stop())
	stop = endings.AfterFunc(l, func() { called <- 2 })
	l.Happen()
	require.Equal(t, 2, <-called)
	require.False(t, stop())

	ctx, cancel := context.WithCancel(context.Background())
	stop = endings.AfterFunc(ctx, func() { called <- 3 })
	cancel()
	require.Equal(t, 3, <-called)
	require.False(t, stop())
}
