package trace

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
)

type broken struct{ writes int }

func (b *broken) Write([]byte) (int, error) {
	b.writes++
	return 0, errors.New("broken")
}

// A writer that failed costs no more: neither memory nor writes, which would
// come behind a gap.
func TestSinkThatFailed(t *testing.T) {
	w := &broken{}
	s := &sink{name: "sink", w: w}
	for range 3 {
		s.buf = append(s.buf, "record"...)
		s.flush()
		require.Empty(t, s.buf)
	}
	require.EqualError(t, s.err, "sink: broken")
	require.Equal(t, 1, w.writes)
}
