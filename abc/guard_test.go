package abc_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
)

func TestGuardReportsErrorsInOrder(t *testing.T) {
	live, done := context.Background(), cancelled()
	full := make([]byte, 1)
	for _, tt := range []struct {
		name         string
		ctx          context.Context
		p            []byte
		closed, busy bool
		want         error
		wantReceive  error
	}{
		{"all well", live, full, false, false, nil, nil},
		{"busy", live, full, false, true, abc.ErrBusy, abc.ErrBusy},
		{"closed", live, full, true, false, abc.ErrClosed, abc.ErrClosed},
		{"closed before busy", live, full, true, true, abc.ErrClosed, abc.ErrClosed},
		{"empty before all but ctx", live, nil, true, true, abc.ErrClosed, abc.ErrEmptyBuffer},
		{"empty", live, []byte{}, false, false, nil, abc.ErrEmptyBuffer},
		{"ctx first", done, nil, true, true, context.Canceled, context.Canceled},
		{"ctx alone", done, full, false, false, context.Canceled, context.Canceled},
	} {
		t.Run(tt.name, func(t *testing.T) {
			enter := map[string]func(g *abc.Guard) (got, want error){
				"Enter":        func(g *abc.Guard) (error, error) { return g.Enter(tt.ctx), tt.want },
				"EnterReceive": func(g *abc.Guard) (error, error) { return g.EnterReceive(tt.ctx, tt.p), tt.wantReceive },
			}
			for name, f := range enter {
				var g abc.Guard
				if tt.busy {
					require.NoError(t, g.Enter(live))
				}
				if tt.closed {
					require.Equal(t, tt.busy, g.Close())
				}
				got, want := f(&g)
				require.Equal(t, want, got, name)
				if want != nil && !tt.busy && !tt.closed {
					require.NoError(t, g.Enter(live), "%s: a failed Enter leaves nothing behind", name)
				}
			}
		})
	}
}

func TestGuardEnterAgainAfterLeave(t *testing.T) {
	var g abc.Guard
	ctx := context.Background()
	for range 3 {
		require.NoError(t, g.Enter(ctx))
		require.Equal(t, abc.ErrBusy, g.Enter(ctx))
		require.False(t, g.Leave())
	}
	require.False(t, g.Closed())
}

func TestGuardStaysClosed(t *testing.T) {
	var g abc.Guard
	ctx := context.Background()
	require.NoError(t, g.Enter(ctx))
	require.True(t, g.Close(), "an operation is inside")
	require.True(t, g.Closed())
	require.True(t, g.Leave(), "the last one")
	require.True(t, g.Closed())
	require.Equal(t, abc.ErrClosed, g.Enter(ctx))
	require.False(t, g.Close(), "nothing is inside any more; closing twice is fine")
}

func TestGuardContextErrorHasTheCause(t *testing.T) {
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(errFake)
	var g abc.Guard
	require.ErrorIs(t, g.Enter(ctx), errFake)
	require.ErrorIs(t, g.EnterReceive(ctx, nil), errFake)
}

func TestGuardLetsOneInAtATime(t *testing.T) {
	const enough = 2000
	var (
		g       abc.Guard
		wg      sync.WaitGroup
		entered int // no lock: -race sees it if the guard lets two in
		busy    atomic.Bool
	)
	for range 8 {
		wg.Go(func() {
			for {
				closed := g.Closed()
				switch err := g.Enter(context.Background()); {
				case err == nil && closed:
					panic("entered after Close")
				case err == nil:
					entered++
					if entered == enough {
						g.Close()
					}
					g.Leave()
				case err == abc.ErrClosed:
					return
				default:
					busy.Store(true)
				}
			}
		})
	}
	wg.Wait()
	require.Equal(t, enough, entered, "who is inside when it closes is the last")
	require.NoError(t, (&abc.Guard{}).Enter(context.Background()), "the zero value is open")
	t.Log("somebody found it busy:", busy.Load())
}
