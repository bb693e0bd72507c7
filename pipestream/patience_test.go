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
)

// The system does not end a process that was killed.
func TestCloseDoesNotWaitForEver(t *testing.T) {
	cmd := exec.Command(os.Args[0], "-test.run=^$")
	require.NoError(t, cmd.Run())
	r, w, err := os.Pipe()
	require.NoError(t, err)
	synctest.Test(t, func(t *testing.T) {
		p := newProcess(cmd, w, r)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		begun := time.Now()
		err := p.Close(ctx)
		require.Equal(t, killPatience, time.Since(begun))
		require.ErrorIs(t, err, context.Canceled)
		require.ErrorIs(t, err, errNotEnded)
		require.ErrorIs(t, err, abc.ErrBroken)
	})
}
