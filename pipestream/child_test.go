package pipestream_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/bridge"
	"github.com/tributary-go/tributary/pipestream"
)

// children are what the test binary can be in place of running the tests. arg
// is what command was given.
var children = map[string]func(arg string){
	// echo sends back what it gets.
	"echo": func(string) {
		s := pipestream.Stdio()
		must(abc.Copy(bg, s, s))
		if err := s.Close(bg); err != nil {
			panic(err)
		}
	},
	// exit exits with the status arg, without reading anything.
	"exit": func(arg string) { os.Exit(must(strconv.Atoi(arg))) },
	// last answers the end of its input by arg, and then exits with status 3.
	"last": func(arg string) {
		must(io.Copy(io.Discard, os.Stdin))
		fmt.Print(arg)
		os.Exit(3)
	},
	// farewell writes more than a pipe takes when its input has ended.
	"farewell": func(string) {
		must(io.Copy(io.Discard, os.Stdin))
		must(os.Stdout.Write(make([]byte, 1<<20)))
	},
	// flood writes more than a pipe takes before it looks at its input.
	"flood": func(string) {
		must(os.Stdout.Write(make([]byte, 1<<20)))
		must(io.Copy(io.Discard, os.Stdin))
	},
	// complain writes arg to its standard error.
	"complain": func(arg string) {
		fmt.Print("out ")
		fmt.Fprint(os.Stderr, arg)
	},
}

// command returns the command that runs one of children.
func command(name, arg string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], arg)
	// The race detector's second of waiting at the exit is not for a child.
	cmd.Env = append(os.Environ(), childVar+"="+name, "GORACE=atexit_sleep_ms=0")
	cmd.Stderr = os.Stderr
	return cmd
}

// startCommand starts cmd over pipes that mk makes.
func startCommand(t *testing.T, mk pipeMaker, cmd *exec.Cmd, opts *pipestream.Options) *pipestream.Process {
	t.Helper()
	p, err := pipestream.StartWith(bg, cmd, opts, mk)
	require.NoError(t, err)
	closeAtEnd(t, p)
	return p
}

// overEachPipe runs a test of one of children over each kind of pipe.
func overEachPipe(t *testing.T, name, arg string, test func(t *testing.T, p *pipestream.Process)) {
	for kind, mk := range pipeMakers {
		t.Run(kind, func(t *testing.T) {
			leavesNothing(t)
			test(t, startCommand(t, mk, command(name, arg), nil))
		})
	}
}

// line returns the next line that a child wrote. It reads byte by byte, and so
// nothing that comes after it.
func line(t *testing.T, p *pipestream.Process) string {
	t.Helper()
	got, err := bufio.NewReaderSize(oneByte{bridge.Reader(bg, p)}, 16).ReadString('\n')
	require.NoError(t, err, "%q", got)
	return strings.TrimSuffix(got, "\n")
}

type oneByte struct{ io.Reader }

func (o oneByte) Read(p []byte) (int, error) { return o.Reader.Read(p[:1]) }

// must is for children, who have no *testing.T. The panic shows up on the
// standard error of the test.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
