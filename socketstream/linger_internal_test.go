package socketstream

import (
	"context"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// Who closed a half has been told that an operation is inside, and that leaves
// before anybody can tell it that somebody waits.
func TestLingerMissesNoDeparture(t *testing.T) {
	for name, receiving := range map[string]bool{"sending": false, "receiving": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, b := net.Pipe()
				defer b.Close()
				s := New(a)
				s.SetLinger(time.Second)
				h := &s.sending
				if receiving {
					h = &s.receiving
				}
				require.NoError(t, h.guard.Enter(t.Context()))
				busy := h.close()
				require.True(t, busy)
				h.leave()
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				require.True(t, h.empties(ctx, busy))
				require.NoError(t, s.Close(t.Context()))
			})
		})
	}
}
