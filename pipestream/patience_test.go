package pipestream

import (
	"context"
	"os"
	"os/exec"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/memstream"
)

// The system does not end a process that was killed.
func TestCloseDoesNotWaitForEver(t *testing.T) {
	cmd := exec.Command(os.Args[0], "-test.run=^$")
	require.NoError(t, cmd.Run())
	synctest.Test(t, func(t *testing.T) {
		stdio, peer := memstream.Pair(nil)
		p := &Process{cmd: cmd, stdio: abc.Staple(stdio, stdio), ended: make(chan struct{})}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		begun := time.Now()
		err := p.Close(ctx)
		require.Equal(t, killPatience, time.Since(begun))
		require.ErrorIs(t, err, context.Canceled)
		require.ErrorIs(t, err, errNotEnded)
		require.ErrorIs(t, err, abc.ErrBroken)
		require.NoError(t, peer.Close(ctx))
	})
}
