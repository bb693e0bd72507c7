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
// would seem to have failed by itself. Meanwhile its death must not be taken
// for the end that it sent.
func TestForcefulCloseKillsBeforeItClosesThePipes(t *testing.T) {
	p, err := start(t.Context(), exec.Command("sleep", "1000"), nil, os.Pipe)
	require.NoError(t, err)
	stdio := p.stdio
	var received, sent error
	afterDeath := closeFunc(func() {
		<-p.ended
		_, received = p.stdout.ReceiveSome(context.Background(), make([]byte, 1))
		sent = p.stdin.SendAll(context.Background(), make([]byte, 1))
	})
	p.stdio = abc.Staple(afterDeath, afterDeath)
	require.NoError(t, closeutil.CloseForcefully(p))
	require.ErrorIs(t, received, abc.ErrClosed)
	require.ErrorIs(t, sent, abc.ErrClosed)
	require.NoError(t, closeutil.CloseForcefully(stdio))
}

// A closeFunc is a stream that can be closed only.
type closeFunc func()

func (closeFunc) SendAll(context.Context, []byte) error            { panic("unused") }
func (closeFunc) ReceiveSome(context.Context, []byte) (int, error) { panic("unused") }
func (f closeFunc) Close(context.Context) error                    { f(); return nil }

func TestChildThatSomebodyElseHasReaped(t *testing.T) {
	require.False(t, diedOf(nil, os.Kill), "nobody knows")
}
