package socketstream_test

import (
	"context"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/closeutil"
)

func TestTransferredCountsEachWayOfSending(t *testing.T) {
	for _, network := range []string{"tcp", "unix", "pipe"} {
		t.Run(network, func(t *testing.T) {
			a, b := pair(t, network)
			received := make(chan error, 1)
			go func() { _, err := receiveAll(b); received <- err }()
			require.NoError(t, a.SendAll(bg, make([]byte, 100)))
			require.NoError(t, a.SendVector(bg, [][]byte{make([]byte, 20), nil, make([]byte, 3)}))
			in, out := a.Transferred()
			require.Zero(t, in)
			require.EqualValues(t, 123, out)

			require.NoError(t, closeutil.CloseForcefully(a))
			<-received
			in, out = b.Transferred()
			require.EqualValues(t, 123, in)
			require.Zero(t, out)
		})
	}
}

// The count is there while the copy goes on, spliced or not, and not at its end
// only.
func TestTransferredCountsWhatACopyCarries(t *testing.T) {
	forEachRelay(t, func(t *testing.T, mk func() relayed) {
		for _, size := range amounts {
			r := mk()
			copied, result := r.copying(t, bg, size)
			for { // the system call may have its effect before it returns
				in, _ := r.src.Transferred()
				_, out := r.dst.Transferred()
				if in >= int64(size) && out >= int64(size) {
					require.EqualValues(t, size, in)
					require.EqualValues(t, size, out)
					break
				}
				runtime.Gosched()
			}
			require.NoError(t, closeutil.CloseForcefully(r.from))
			require.NoError(t, <-result)
			require.EqualValues(t, size, <-copied)
		}
	})
}

// One call that blocks shows how far it got.
func TestTransferredCountsPartsOfABlockedSend(t *testing.T) {
	for _, network := range []string{"tcp", "unix"} {
		a, b := pair(t, network)
		ctx, cancel := context.WithTimeout(bg, 10*time.Second)
		sent := make(chan error, 1)
		go func() { sent <- a.SendAll(ctx, make([]byte, 64<<20)) }() // more than any buffer
		for out := int64(0); out == 0; _, out = a.Transferred() {
			runtime.Gosched()
		}
		cancel()
		err := <-sent
		require.ErrorIs(t, err, context.Canceled)
		_, out := a.Transferred()
		require.EqualValues(t, abc.Sent(err), out)
		require.NoError(t, closeutil.CloseForcefully(b))
	}
}
