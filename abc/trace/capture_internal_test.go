package trace

import (
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAStreamThatEndedGivesItsAddressesBack(t *testing.T) {
	c := newCapture(&sink{w: io.Discard}, time.Now())
	s := &subject{net: &netInterface{}}
	c.event(&event{s: s, kind: opened}, nil)
	require.Len(t, c.book.used, 1)
	c.event(&event{s: s, kind: ended}, nil)
	for _, open := range c.book.used {
		require.False(t, open)
	}
}

// A segment behind a gap is acknowledged at once, so that a reader does not expect
// what is missing to come later.
func TestAGapIsAcknowledged(t *testing.T) {
	c := newCapture(&sink{w: io.Discard}, time.Now())
	s := &subject{net: &netInterface{}}
	c.event(&event{s: s, kind: sendAll}, []byte("abc"))
	require.EqualValues(t, 3+1, c.packets)
	c.event(&event{s: s, kind: sendAll, offset: 100}, []byte("abc"))
	require.EqualValues(t, 3+1+2, c.packets)
}
