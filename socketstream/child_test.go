package socketstream_test

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A child is this test binary, running one of children.
type child struct {
	t     testing.TB
	cmd   *exec.Cmd
	stdin io.WriteCloser
	out   *bufio.Reader
}

// startChild passes files, from descriptor 3 on, and env on to the child.
func startChild(t testing.TB, name string, files []*os.File, env ...string) *child {
	t.Helper()
	c := &child{t: t, cmd: childCommand(name, files, env...)}
	var err error
	c.stdin, err = c.cmd.StdinPipe()
	require.NoError(t, err)
	out, err := c.cmd.StdoutPipe()
	require.NoError(t, err)
	c.out = bufio.NewReader(out)
	require.NoError(t, c.cmd.Start())
	t.Cleanup(func() {
		_ = c.cmd.Process.Kill() // if the test failed before wait
		_ = c.cmd.Wait()
	})
	return c
}

func childCommand(name string, files []*os.File, env ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	// The race detector's second of waiting at the exit is not for a child.
	cmd.Env = append(append(os.Environ(), childVar+"="+name, "GORACE=atexit_sleep_ms=0"), env...)
	cmd.Stderr = os.Stderr
	cmd.ExtraFiles = files
	return cmd
}

// line returns the next line that the child printed.
func (c *child) line() string {
	c.t.Helper()
	line, err := c.out.ReadString('\n')
	require.NoError(c.t, err, "%q", line)
	return strings.TrimSuffix(line, "\n")
}

// stop ends the child's standard input, which children take as the request to
// end, and returns what else it printed.
func (c *child) stop() string {
	c.t.Helper()
	_ = c.stdin.Close() // perhaps for the second time
	rest, err := io.ReadAll(c.out)
	require.NoError(c.t, err)
	require.NoError(c.t, c.cmd.Wait())
	return string(rest)
}

// must is for children, who have no *testing.T. The panic shows up on the
// standard error of the test.
func must[T any](v T, err error) T {
	check(err)
	return v
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
