package memstream_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/memstream"
)

// What is waited on belongs to the bubble that waits, not to the one that made
// the pair.
func TestPairFromOutsideTheBubble(t *testing.T) {
	lockstep := &memstream.Options{Capacity: memstream.Lockstep}
	a, b := memstream.Pair(lockstep)
	_, r := memstream.OneWay(lockstep)
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(bg, time.Hour)
		defer cancel()
		_, err := a.ReceiveSome(ctx, make([]byte, 1))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		ctx, cancel = context.WithTimeout(bg, time.Hour)
		defer cancel()
		_, err = r.ReceiveSome(ctx, make([]byte, 1))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		ctx, cancel = context.WithTimeout(bg, time.Hour)
		defer cancel()
		require.ErrorIs(t, b.SendAll(ctx, []byte("x")), context.DeadlineExceeded)
	})
}
