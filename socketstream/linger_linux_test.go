package socketstream_test

import (
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
)

// What SetLinger is for: see TestLingerLetsTheLastAnswerArrive. The byte that
// the server did not receive makes its system send a reset, and drop what it
// still had to send.
func TestWithoutLingerAnAnswerIsLost(t *testing.T) {
	client, server := answered(t, answerSize)
	require.NoError(t, server.Close(bg))
	got, err := receiveAll(client)
	require.ErrorIs(t, err, abc.ErrBroken)
	require.ErrorIs(t, err, syscall.ECONNRESET)
	require.Less(t, len(got), answerSize)
	t.Logf("%d of %d bytes arrived", len(got), answerSize)
}
