package socketstream_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/closeutil"
)

func isBusy(err error) bool { return errors.Is(err, abc.ErrBusy) }

func TestWaitSendableReportsWhatSendAllDoes(t *testing.T) {
	for _, network := range []string{"tcp", "unix", "pipe"} {
		t.Run(network, func(t *testing.T) {
			a, b := pair(t, network)
			require.NoError(t, a.WaitSendable(bg))
			err := a.WaitSendable(done())
			require.ErrorIs(t, err, context.Canceled)
			require.EqualError(t, err, "socketstream: wait sendable: context canceled")
			if network != "pipe" {
				require.NoError(t, b.SendEOF(bg))
				require.ErrorIs(t, b.WaitSendable(bg), abc.ErrClosed, "as SendAll")
			}
			require.NoError(t, closeutil.CloseForcefully(b))
			for err = nil; err == nil; {
				err = a.SendAll(bg, []byte("x"))
			}
			require.ErrorIs(t, a.WaitSendable(bg), abc.ErrBroken)
			require.NoError(t, closeutil.CloseForcefully(a))
			require.ErrorIs(t, a.WaitSendable(bg), abc.ErrClosed)
		})
	}
}
