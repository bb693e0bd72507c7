//go:build unix

package docs_test

import (
	"io"
	"os"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/memstream"
)

func TestServerDrainsAtASignal(t *testing.T) {
	l := memstream.NewListener(nil)
	ended := make(chan error, 1)
	go func() { ended <- run(l) }()
	s, err := l.Dial(t.Context())
	require.NoError(t, err)
	ask(t, s, "hello") // so it runs, and listens for signals
	require.NoError(t, syscall.Kill(os.Getpid(), syscall.SIGTERM))
	_, err = s.ReceiveSome(t.Context(), make([]byte, 1))
	require.Equal(t, io.EOF, err)
	require.NoError(t, s.Close(t.Context()))
	require.NoError(t, <-ended)
}
