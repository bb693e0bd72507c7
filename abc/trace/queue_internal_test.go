package trace

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Behind a piece of a call that was dropped, the next one has its own bytes.
func TestADroppedPieceIsSkipped(t *testing.T) {
	var q queue
	q.init(time.Now(), 2*(eventSize+3))
	s := &subject{net: &netInterface{}}
	data := &cursor{bufs: [][]byte{[]byte("abc"), []byte("defgh")}}
	require.EqualValues(t, 1, q.put(event{s: s, size: 4}, data), "there is no room")
	require.Zero(t, q.put(event{s: s, size: 3}, data))
	require.Equal(t, "efg", string(q.filling.data))
}

// What comes after Close is neither kept nor counted.
func TestNothingIsTakenAfterClose(t *testing.T) {
	var q queue
	q.init(time.Now(), 2*eventSize)
	q.close()
	s := &subject{net: &netInterface{}}
	for range 2 {
		require.Zero(t, q.put(event{s: s}, nil))
	}
	require.Empty(t, q.filling.events)
	require.Zero(t, q.dropped)
}
