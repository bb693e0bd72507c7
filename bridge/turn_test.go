package bridge

import (
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTurnGoesToThoseWhoWaitInTheirOrder(t *testing.T) {
	var turn turn
	require.Nil(t, turn.take())
	first, second, third := turn.take(), turn.take(), turn.take()
	turn.giveUp(second)
	require.NotNil(t, turn.take(), "who comes later does not push in")
	turn.end()
	require.True(t, has(first))
	require.False(t, has(third), "two have the turn")
	turn.end()
	require.True(t, has(third))
	turn.end() // to the one who did not push in
	turn.end()
	require.Nil(t, turn.take(), "it is free again")
}

func has(mine chan struct{}) bool {
	select {
	case <-mine:
		return true
	default:
		return false
	}
}

func TestTurnThatCameFreeMeanwhile(t *testing.T) {
	var turn turn
	require.Nil(t, turn.takeLater())
	require.NotNil(t, turn.take(), "it is taken")
}

func TestTurnThatIsGivenUp(t *testing.T) {
	t.Run("while somebody has it", func(t *testing.T) {
		var turn turn
		require.Nil(t, turn.take())
		turn.giveUp(turn.take())
		turn.end()
		require.Nil(t, turn.take())
	})
	t.Run("just as it came", func(t *testing.T) {
		var turn turn
		require.Nil(t, turn.take())
		mine := turn.take()
		turn.end()
		turn.giveUp(mine)
		require.Nil(t, turn.take(), "it went back")
	})
}

// The count is guarded by the turn alone, so the race detector sees two that
// have it at once; and whoever waits for ever shows as a deadlock.
func TestTurnUnderLoad(t *testing.T) {
	const each = 20_000
	var turn turn
	count, want := 0, make([]int, 4)
	var all sync.WaitGroup
	for id := range want {
		rng := rand.New(rand.NewPCG(uint64(id), 0))
		all.Go(func() {
			for range each {
				if mine := turn.take(); mine != nil {
					if rng.IntN(3) == 0 {
						runtime.Gosched()
						turn.giveUp(mine)
						continue
					}
					<-mine
				}
				count++
				want[id]++
				if rng.IntN(2) == 0 {
					runtime.Gosched()
				}
				turn.end()
			}
		})
	}
	all.Wait()
	require.Equal(t, want[0]+want[1]+want[2]+want[3], count)
	require.Nil(t, turn.take())
}
