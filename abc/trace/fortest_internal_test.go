package trace

import (
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// A notedTB is a test that notes what it is told.
type notedTB struct {
	testing.TB
	failed bool
	log    []string
}

func (n *notedTB) Failed() bool              { return n.failed }
func (n *notedTB) Logf(s string, a ...any)   { n.log = append(n.log, fmt.Sprintf(s, a...)) }
func (n *notedTB) Errorf(s string, a ...any) { n.Logf(s, a...); n.failed = true }

func TestForTestClosesItsFiles(t *testing.T) {
	for _, failed := range []bool{true, false} {
		f, err := os.CreateTemp(t.TempDir(), "")
		require.NoError(t, err)
		keepIfFailed(&notedTB{TB: t, failed: failed}, New(&Options{Timeline: f}), f)
		require.ErrorIs(t, f.Close(), os.ErrClosed)
	}
}

// A trace that is not whole says so, and fails the test.
func TestForTestSaysWhatIsMissing(t *testing.T) {
	f, err := os.CreateTemp(t.TempDir(), "")
	require.NoError(t, err)
	rec := New(&Options{Timeline: f})
	rec.queue.refuse() // as when there is no room
	rec.newSubject("s").note(opened)
	require.NoError(t, f.Close()) // so that no write succeeds
	noted := &notedTB{TB: t}
	keepIfFailed(noted, rec, f)
	require.True(t, noted.failed)
	require.Equal(t, []string{
		"trace: close: timeline: write " + f.Name() + ": file already closed",
		"trace: close " + f.Name() + ": file already closed",
		"trace: kept in " + f.Name(),
		"trace: 1 events were dropped",
	}, noted.log)
}
