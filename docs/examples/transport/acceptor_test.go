package transport

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
)

func TestAcceptLooksAtContextAndCloseFirst(t *testing.T) {
	a := &acceptor{dialled: make(chan *Stream, 1), closed: make(chan struct{})}
	a.dialled <- new(Stream) // select would take it, now and then
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 20 {
		_, err := a.Accept(ctx)
		require.ErrorIs(t, err, context.Canceled)
	}
	require.NoError(t, a.Close(t.Context()))
	for range 20 {
		_, err := a.Accept(t.Context())
		require.ErrorIs(t, err, abc.ErrClosed)
	}
}
