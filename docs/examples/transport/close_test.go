//go:build unix

package transport

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The suite cannot see the moment between the two, when the peer might answer.
func TestCloseEndsReceivingFirst(t *testing.T) {
	a, b, err := Pair()
	require.NoError(t, err)
	closeOut := a.closeOut
	a.closeOut = func() {
		_ = a.in.SetReadDeadline(time.Unix(1, 0)) // not to block if it is open
		_, err := a.in.Read(make([]byte, 1))
		require.ErrorIs(t, err, os.ErrClosed)
		closeOut()
	}
	require.NoError(t, a.Close(t.Context()))
	require.NoError(t, b.Close(t.Context()))
}
