//go:build unix

package pipestream

import (
	"context"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/closeutil"
)

// A child whose pipes are closed before it is killed may die of that, and
// would seem to have failed by itself.
func TestForcefulCloseKillsBeforeItClosesThePipes(t *testing.T) {
	p, err := start(t.Context(), exec.Command("sleep", "1000"), nil, os.Pipe)
	require.NoError(t, err)
	stdio := p.stdio
	p.stdio = abc.Staple(closesWhenEnded{p: p}, closesWhenEnded{p: p})
	require.NoError(t, closeutil.CloseForcefully(p))
	require.NoError(t, closeutil.CloseForcefully(stdio))
}

type closesWhenEnded struct {
	abc.Stream
	p *Process
}

func (c closesWhenEnded) Close(context.Context) error {
	<-c.p.ended
	return nil
}

func TestChildThatSomebodyElseHasReaped(t *testing.T) {
	require.False(t, diedOf(nil, os.Kill), "nobody knows")
}
