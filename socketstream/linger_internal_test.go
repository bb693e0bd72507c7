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
				h.close()
				h.leave()
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				require.True(t, h.empties(ctx))
				require.NoError(t, s.Close(t.Context()))
			})
		})
	}
}

// Of two operations that are inside, each half waits for its own.
func TestLingerTellsTheHalvesApart(t *testing.T) {
	for name, receiving := range map[string]bool{"sending": false, "receiving": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, b := net.Pipe()
				defer b.Close()
				s := New(a)
				s.SetLinger(time.Second)
				h, other := &s.sending, &s.receiving
				if receiving {
					h, other = other, h
				}
				for _, h := range []*half{h, other} {
					require.NoError(t, h.guard.Enter(t.Context()))
					h.close()
				}
				empty := make(chan bool, 1)
				go func() { empty <- h.empties(t.Context()) }()
				synctest.Wait()
				other.leave()
				synctest.Wait()
				require.Empty(t, empty)
				h.leave()
				require.True(t, <-empty)
				require.NoError(t, s.Close(t.Context()))
			})
		})
	}
}
