//go:build unix

package pipestream_test

import (
	"io"
	"os"
	"os/signal"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/abc/abctest"
	"github.com/tributary-go/tributary/pipestream"
)

func init() {
	// relay joins its standard input and output with two more pipes, so that
	// the test has both ends of the stream. Asked to end, it passes on what was
	// sent.
	children["relay"] = func(string) {
		fromTest, toTest := os.NewFile(3, "from test"), os.NewFile(4, "to test")
		asked := make(chan os.Signal, 1)
		signal.Notify(asked, syscall.SIGTERM)
		must(toTest.Write([]byte{0})) // ready
		sent, received := make(chan bool), make(chan bool)
		go func() {
			_, _ = io.Copy(toTest, os.Stdin)
			_, _ = toTest.Close(), os.Stdin.Close()
			close(sent)
		}()
		go func() {
			_, _ = io.Copy(os.Stdout, fromTest)
			_, _ = os.Stdout.Close(), fromTest.Close()
			close(received)
		}()
		<-sent
		select {
		case <-received:
		case <-asked:
		}
	}
}

// The stream to a process keeps the contract, with a process that ends when it
// is asked to.
func TestProcessConformance(t *testing.T) {
	abctest.TestStream(t, func(t testing.TB) (abc.Stream, abc.Stream) {
		in, out, err := os.Pipe() // to the child
		require.NoError(t, err)
		back, answer, err := os.Pipe() // from the child
		require.NoError(t, err)
		cmd := command("relay", "")
		cmd.ExtraFiles = []*os.File{in, answer}
		p, err := pipestream.Start(bg, cmd, &pipestream.Options{Signal: syscall.SIGTERM})
		require.NoError(t, err)
		require.NoError(t, in.Close())
		require.NoError(t, answer.Close())
		peer := pipestream.New(out, back)
		_, err = peer.ReceiveSome(bg, make([]byte, 1))
		require.NoError(t, err)
		return p, peer
	}, abctest.Caps{})
}
