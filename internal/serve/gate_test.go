package serve_test

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/internal/serve"
)

func TestGateHoldsAcceptingBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate, ctx := serve.NewGate(t.Context(), 2)
		gate.Enter()
		l, f := newListener(t, serve.Config{})
		ended := start(ctx, l, untilCtxDone)
		client := f.connect()
		synctest.Wait()
		require.EqualValues(t, 1, l.Stats().Accepted)
		requirePeerOpen(t, client)

		gate.Enter() // while it is in Accept
		f.connect()
		synctest.Wait()
		require.EqualValues(t, 2, l.Stats().Accepted)
		f.connect()
		f.connect()
		synctest.Wait()
		require.EqualValues(t, 2, l.Stats().Accepted)
		require.Len(t, f.accepting, 2, "it waits with the accept, not with the connection")
		gate.Enter()
		gate.Leave()
		synctest.Wait()
		require.EqualValues(t, 2, l.Stats().Accepted)
		gate.Leave()
		synctest.Wait()
		require.EqualValues(t, 4, l.Stats().Accepted)

		gate.Enter()
		f.connect() // the Accept that is in progress
		synctest.Wait()
		require.NoError(t, closeutil.CloseForcefully(l), "while it is full")
		synctest.Wait()
		requireServeError(t, ended, abc.ErrClosed)
	})
}

// Several listeners that wait for the same gate all go on when it opens.
func TestGateOfSeveralListeners(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate, ctx := serve.NewGate(t.Context(), 1)
		ctx, cancel := context.WithCancel(ctx)
		gate.Enter()
		a, fa := newListener(t, serve.Config{})
		b, fb := newListener(t, serve.Config{})
		endedA, endedB := start(ctx, a, untilCtxDone), start(ctx, b, untilCtxDone)
		fa.connect()
		fb.connect()
		synctest.Wait()
		require.Zero(t, a.Stats().Accepted+b.Stats().Accepted)
		gate.Leave()
		synctest.Wait()
		require.EqualValues(t, 1, a.Stats().Accepted)
		require.EqualValues(t, 1, b.Stats().Accepted)
		cancel()
		<-endedA
		<-endedB
	})
}
