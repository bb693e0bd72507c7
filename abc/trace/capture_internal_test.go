package trace

import (
	"errors"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
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

func TestCloseSaysWhatIsMissing(t *testing.T) {
	c := newCapture(&sink{w: io.Discard}, time.Now())
	s := &subject{net: &netInterface{}}
	s.sent.Store(100)
	s.ending.forceful = true
	c.event(&event{s: s, kind: ended}, nil)
	require.Contains(t, string(c.out.buf), "the 100 bytes before this were not recorded")
}

// Where an RST was before, there is a note for the error of Close.
func TestCloseThatFailsAfterAReset(t *testing.T) {
	c := newCapture(&sink{w: io.Discard}, time.Now())
	s := &subject{net: &netInterface{}}
	c.event(&event{s: s, kind: sendAll, err: abc.ErrBroken}, nil)
	s.ending.err = errors.New("it is stuck")
	c.event(&event{s: s, kind: ended}, nil)
	require.Contains(t, string(c.out.buf), "Close: it is stuck")
}
